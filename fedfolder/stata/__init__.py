"""fedfolder inside Stata: thin ado files (`ado/`), and what they call.

Every ado calls `ado`, and nothing else of Python's; `bridge` alone knows Stata's `sfi`; `console` shows what is printed
and notices Break; `codes` has the return codes.

- A line that was typed: `line` takes it apart, `typed` chooses, `commands` runs a command of the command line, `fits` a
  fit; `wording` says options as Stata has them; `nodes` starts nodes beside Stata.
- What a fit leaves in e(): `stripe` (columns), `posting` (scalars and macros), `keeping` (the whole result), `showing`
  (the table), `prediction`.
- Stata's `ml` drives: `wish` (what is asked for), `driving` (the fit that is open, the evaluator), `matching` (its
  columns and ours), `unheeded` (what no node hears of), `stub`, `rows` and `columns` (the data set that `ml` looks at),
  `ml` (the line to type).
- A node inside Stata: `node`, `memory` and `frame` (its columns), `computing` and `mata` (its sums), `likelihoods` (a
  site's own).
- `doctor` looks at Stata's Python.
"""
