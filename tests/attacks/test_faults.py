"""The faults of disclosure, 64 to 77: which test is about which, and that none is without."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
COMMANDS, BETA, RULES = "attacks/test_commands.py", "attacks/test_beta.py", "custody/test_rules.py"
ASKED = (
    f"{COMMANDS}::test_a_command_that_would_show_a_person",
    f"{COMMANDS}::test_with_its_guards_off_and_all_others_on_the_person_is_read_off",
    f"{COMMANDS}::test_each_guard_is_enough_by_itself",
)
KNOTS = "attacks/test_knots.py"
RISK = "attacks/test_risk_sets.py"
AVERAGES = "attacks/test_averages.py"
CURVE = "attacks/test_site_baseline.py"
DIFFERENCES = (
    f"{COMMANDS}::test_two_answers_that_differ_by_a_person",
    f"{COMMANDS}::test_without_the_ledger_the_difference_is_that_person",
)
FAULTS = {
    (64, "a column of one person"): (
        *ASKED,
        f"{COMMANDS}::test_rows_of_one_person_that_pass_as_persons",
        f"{KNOTS}::test_the_longest_time_is_solved_from_the_sums_of_two_columns",
        f"{KNOTS}::test_splines_are_columns_to_the_rules",
        f"{KNOTS}::test_knots_that_were_found_are_looked_at_as_well",
        f"{KNOTS}::test_a_time_that_is_stretched_tells_no_event_nearer",
        f"{KNOTS}::test_rows_up_to_a_time_that_is_a_few_events_from_an_edge_wait_for_a_person",
        f"{KNOTS}::test_a_simulation_a_preflight_and_a_preview_put_knots_where_events_do",
    ),
    (65, "a joint cell of few"): (
        *ASKED,
        f"{RULES}::test_cells_and_pairs_are_those_that_counting_by_hand_finds",
        "attacks/test_groups.py::test_a_person_alone_in_a_group_is_read_off_unless_the_policy_counts_groups",
        "attacks/test_groups.py::test_many_persons_alone_cannot_be_told_apart",
        "attacks/test_groups.py::test_a_group_that_perfect_predictors_leave_one_person_of_is_looked_at_again",
        f"{KNOTS}::test_a_group_of_events_is_of_ten_persons",
        f"{RISK}::test_a_person_who_leaves_between_two_failure_times_is_read_off_their_sums",
        f"{RISK}::test_no_person_is_where_no_failure_time_leaves",
        f"{RISK}::test_no_interval_of_a_grid_holds_few_persons",
        f"{CURVE}::test_who_fails_between_two_times_that_are_close_is_read_off",
        f"{CURVE}::test_no_interval_of_a_site_s_own_baseline_holds_few_failures",
        f"{CURVE}::test_no_site_s_own_baseline_leaves_unless_its_policy_says_so",
        f"{CURVE}::test_no_interval_of_a_site_s_own_baseline_is_about_the_last_who_is_at_risk",
        f"{CURVE}::test_what_a_rise_owes_to_a_person_is_what_is_defined",
        f"{RISK}::test_of_one_failure_a_test_of_proportional_hazards_tells_every_column",
    ),
    (66, "an outcome that few have"): (*ASKED, f"{RULES}::test_a_rule_on_rows_refuses_beyond_its_limit_and_not_at_it"),
    (67, "a saturated model"): (
        *ASKED,
        f"{KNOTS}::test_splines_are_parameters_to_the_rules",
        f"{AVERAGES}::test_more_numbers_than_persons_are_too_many",
    ),
    (68, "a beta so large that one row is all that counts"): (
        f"{BETA}::test_asked_straight_away",
        f"{BETA}::test_asked_straight_away_with_the_gate_off",
        f"{AVERAGES}::test_no_average_counts_who_is_below_a_threshold",
        f"{RISK}::test_no_test_of_proportional_hazards_is_of_the_last_failure_alone",
        f"{BETA}::test_led_there_by_lies_about_the_sums",
        f"{BETA}::test_led_there_by_lies_with_the_limits_off",
        f"{BETA}::test_sums_that_leave_out_the_node_s_own_curvature",
        f"{AVERAGES}::test_at_a_late_time_the_one_who_is_left_is_read_off_with_the_guard_off",
        f"{AVERAGES}::test_at_a_late_time_nothing_leaves",
        f"{AVERAGES}::test_at_usual_times_averages_leave_and_are_of_nobody",
        f"{AVERAGES}::test_where_one_person_is_all_that_a_gradient_is_made_of_nothing_leaves",
        f"{AVERAGES}::test_the_first_time_that_is_too_much_is_named_and_no_other",
    ),
    (69, "a scan of moderate betas"): (
        f"{BETA}::test_a_scan_of_moderate_betas",
        "custody/test_gate.py::test_derivatives_at_a_beta_of_choice_are_refused_in_every_round",
    ),
    (70, "an artificial outlier"): ASKED,
    (71, "nested models that differ by a few"): (
        *DIFFERENCES,
        f"{COMMANDS}::test_three_answers_of_which_no_two_are_alike",
        "attacks/test_differencing.py::test_rows_recovered_by_differencing",
        "attacks/test_strata.py::test_who_fails_first_is_the_difference_of_two_scores",
        "attacks/test_strata.py::test_no_stratum_is_of_few_persons",
        "attacks/test_sets.py::test_two_persons_in_a_set_of_their_own_are_the_difference_of_two_fits",
        "attacks/test_sets.py::test_no_set_is_of_few_persons_unless_many_are",
        "attacks/test_regrouping.py::test_who_fails_first_and_is_moved_is_the_difference_of_two_scores",
        "attacks/test_regrouping.py::test_who_stands_with_whom_is_compared_with_earlier_fits",
        "attacks/test_regrouping.py::test_those_who_were_moved_are_found_whatever_groups_are_called",
        "attacks/test_regrouping.py::test_a_robust_variance_and_clusters_of_two_are_compared",
        f"{KNOTS}::test_knots_on_both_sides_of_a_person_are_that_persons_time",
        f"{KNOTS}::test_counts_of_events_up_to_edges_that_a_few_lie_between_wait_for_a_person",
        "custody/test_ledger.py::test_a_knot_past_a_few_persons_waits_for_one",
        "custody/test_ledger.py::test_a_time_of_a_site_s_own_baseline_past_a_few_failures_waits_for_one",
    ),
    (72, "data that have changed by a row"): (
        *DIFFERENCES,
        "custody/test_ledger.py::test_other_data_are_another_version",
    ),
    (73, "one beta more than the budget"): (
        f"{COMMANDS}::test_a_budget_that_a_restart_would_refill",
        "attacks/test_differencing.py::test_budget_by_restart",
        "custody/test_ledger.py::test_a_process_that_is_killed_has_charged_what_it_answered",
    ),
    (74, "what is not released, in any place of a command"): (
        f"{COMMANDS}::test_a_variable_that_is_not_released_in_any_place_of_a_command",
        f"{RULES}::test_a_rule_on_commands_refuses_what_is_not_allowed",
    ),
    (75, "a refusal that says something of the data"): (
        "system/test_canary.py::test_no_value_leaves_in_a_refusal_of_any_class",
        f"{RULES}::test_a_finding_says_the_same_whatever_the_data_are",
        f"{COMMANDS}::test_a_search_by_refusals",
        "attacks/test_differencing.py::test_search_by_refusals",
    ),
    (76, "a level that a node does not have"): (
        f"{COMMANDS}::test_a_level_that_the_victim_does_not_have",
        f"{RULES}::test_a_level_that_only_other_nodes_have_is_fine",
    ),
    (77, "what no guard bounds"): (
        "attacks/test_not_bounded.py::test_a_server_that_lies_solves_for_some_persons_with_all_guards_on",
        f"{AVERAGES}::test_averages_at_many_times_are_solved_for_how_many_persons_have_each_of_few_values",
    ),
}
"""By number and what it is; that the scripts stand as tests at all is 77, and what they cannot hold stands there."""


def test_every_fault_has_its_tests() -> None:
    assert [number for number, _ in FAULTS] == list(range(64, 78))
    assert all(FAULTS.values())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]} {fault[1]}")
def test_the_tests_of_a_fault_are_there(fault: tuple[int, str]) -> None:
    for name in FAULTS[fault]:
        path, function = name.split("::")
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def test_every_attack_is_about_a_fault() -> None:
    """Those of test_trust.py have a register of their own."""
    named = {name for names in FAULTS.values() for name in names}
    for path in sorted((TESTS / "attacks").glob("test_*.py")):
        if path.name in {"test_trust.py", Path(__file__).name}:
            continue
        functions = [node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if hasattr(node, "name")]
        tests = {f"attacks/{path.name}::{name}" for name in functions if name.startswith("test_")}
        assert tests <= named, tests - named
