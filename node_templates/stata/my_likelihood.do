* A likelihood of your own for a node in Stata. EXPERIMENTAL: no Stata was at hand when this was written.
*
* It stands in the place of one of fedfolder's models that have one linear predictor and whose outcome is y alone:
* logit, probit, cloglog, poisson or regress. Columns, sample, offset, weights and Newton stay fedfolder's.
*
* What it is given:  y (n x 1)    the outcome, as the model has it: 0 or 1 for logit, probit and cloglog
*                    eta (n x 1)  the linear predictor with offset: eta = Z b + offset
* What it fills:     ll (n x 1)   the log likelihood of each row
*                    s (n x 1)    its first derivative with respect to eta
*                    h (n x 1)    its second derivative with respect to eta, not the negative of it
* A missing value in any of them says that the likelihood is not defined at this beta: a shorter step is then tried.
*
* What it must keep: ll at most 0 and h at most 0, as the model that it stands for. Before the node starts, s and h are
* compared with numerical derivatives of ll and s; a function with wrong ones is not used.
*
* What this means for the custodian. The checks of policy.toml on the command, the variables and the rows do not depend
* on the likelihood. Those on what leaves at a beta (effective_size, leverage) do: they are computed from the h of this
* function, row by row, as it is what leaves. They cannot know what else a function does: one that looks at single rows,
* and gives them away in ll, s or h, is a way to send them. So read it as you would read a program that sends your data,
* and let no one run one here that you have not read. Nothing that arrives from the server is ever run.
*
* What it means for the result. Each answer says by which function it was computed. The server stops unless it was told
* to go on (fedfolder run ... --own-likelihoods), and the result carries a note. Its title, ll_0 and what is tested with
* ll_0 are the model's, not those of your likelihood. All sites must run the same function, or the sum is of nothing.
*
* The example is a skewed logit: P(y = 1) = 1 - q with q = (1 + exp(eta))^-a. With a = 1 it is the logit; here a = 0.5.

version 16

capture mata: mata drop my_logit()
mata:
void my_logit(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    real colvector p, q, yes, no
    real scalar a

    a = 0.5
    p = 1 :/ (1 :+ exp(-eta))
    q = (1 :+ exp(eta)):^(-a)
    yes = a :* p :* q :/ (1 :- q)
    no = -a :* p
    ll = y :* ln(1 :- q) + (1 :- y) :* ln(q)
    s = y :* yes + (1 :- y) :* no
    h = y :* yes :* (1 :- p :- a :* p :/ (1 :- q)) + (1 :- y) :* no :* (1 :- p)
}
end
