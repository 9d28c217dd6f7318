*! fedfolder (experimental): log likelihood, gradient and Hessian of the rows in the current frame
* _fedfolder_compute NAME
*
* The frame holds, in this order and as doubles: y offset weight ll s h, and the columns z1, z2, ... of the design.
* The matrix _fedfolder_b is beta, one row a column. NAME is a Mata function
*     void NAME(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
* which fills ll, s and h: the log likelihood of each row, its first and its second derivative with respect to eta.
* Left behind: ll s h in the frame, the scalar _fedfolder_ll, the matrices _fedfolder_s and _fedfolder_h; and in the
* scalar _fedfolder_missing whether ll, s or h of any row is missing: the likelihood is then not defined at this beta.
program _fedfolder_compute
    version 16
    args name
    mata: fedfolder_compute("`name'")
end

version 16
mata:

void fedfolder_compute(string scalar name)
{
    real colvector y, offset, weight, eta, ll, s, h
    real matrix Z
    pointer(function) scalar f

    f = fedfolder_function(name)
    y = st_data(., "y")
    offset = st_data(., "offset")
    weight = st_data(., "weight")
    Z = st_data(., 7..st_nvar())
    eta = Z * st_matrix("_fedfolder_b") + offset
    ll = J(rows(y), 1, .)
    s = J(rows(y), 1, .)
    h = J(rows(y), 1, .)
    (*f)(y, eta, ll, s, h)
    st_store(., 4..6, (ll, s, h))
    st_numscalar("_fedfolder_missing", hasmissing((ll, s, h)))
    st_numscalar("_fedfolder_ll", quadcross(weight, ll))
    st_matrix("_fedfolder_s", quadcross(Z, weight :* s))
    st_matrix("_fedfolder_h", quadcross(Z, weight :* h, Z))
}

pointer(function) scalar fedfolder_function(string scalar name)
{
    pointer(function) scalar f

    if (name == "fedfolder_logit") return(&fedfolder_logit())
    if (name == "fedfolder_probit") return(&fedfolder_probit())
    if (name == "fedfolder_cloglog") return(&fedfolder_cloglog())
    if (name == "fedfolder_poisson") return(&fedfolder_poisson())
    if (name == "fedfolder_regress") return(&fedfolder_regress())
    f = findexternal(name + "()")
    if (f == NULL) _error(3499, "there is no Mata function " + name + "()")
    return(f)
}

// ln(1 + t) for 0 <= t, with its digits where t is small
real colvector fedfolder_ln1p(real colvector t)
{
    real colvector u, d

    u = 1 :+ t
    d = u :- 1
    return(t :* ln(u) :/ (d + (d :== 0)) + t :* (d :== 0))
}

// P(y = 1) = 1 / (1 + exp(-eta)): only exp(-|eta|) is taken, which cannot overflow
void fedfolder_logit(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    real colvector side, x, tail

    side = 2 :* (y :!= 0) :- 1
    x = side :* eta
    tail = exp(-abs(x))
    ll = rowmin((x, J(rows(x), 1, 0))) - fedfolder_ln1p(tail)
    s = side :* ((x :>= 0) :* tail + (x :< 0)) :/ (1 :+ tail)
    h = -tail :/ (1 :+ tail):^2
}

// P(y = 1) = normal(eta): to the left, where ratio and x cancel, their sum (above) is a continued fraction
void fedfolder_probit(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    real colvector side, x, near, far, t, ratio, above
    real scalar k

    side = 2 :* (y :!= 0) :- 1
    x = side :* eta
    far = x :< -3
    near = rowmax((x, J(rows(x), 1, -3)))
    t = rowmax((-x, J(rows(x), 1, 3)))
    above = 0 :* t
    for (k = 40; k >= 1; k--) above = k :/ (t + above)
    ratio = far :* (t + above) + (1 :- far) :* exp(lnnormalden(near) - lnnormal(near))
    above = far :* above + (1 :- far) :* (ratio + near)
    ll = lnnormal(x)
    s = side :* ratio
    h = -ratio :* above
}

// P(y = 1) = 1 - exp(-x), x = exp(eta): rest is x - 1 + exp(-x), from its series where that would cancel
void fedfolder_cloglog(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    real colvector low, x, small, t, series, rest, p, value, slope, yes, no

    low = rowmin((rowmax((eta, J(rows(eta), 1, -40))), J(rows(eta), 1, 700)))
    x = exp(low)
    small = x :< 0.1
    t = small :* x
    series = 1 :- t / 7 :* (1 :- t / 8 :* (1 :- t / 9 :* (1 :- t / 10)))
    series = (1 :- t / 3 :* (1 :- t / 4 :* (1 :- t / 5 :* (1 :- t / 6 :* series)))) / 2
    rest = small :* t:^2 :* series + (1 :- small) :* ((x :- 1) + exp(-x))
    p = small :* (t - t:^2 :* series) + (1 :- small) :* (1 :- exp(-x))
    value = (eta :< 0) :* (eta + ln(p :/ x)) - (eta :>= 0) :* fedfolder_ln1p(exp(-x) :/ p)
    slope = x :* exp(-x) :/ p
    yes = y :!= 0
    no = (1 :- yes) :* exp((1 :- yes) :* eta)
    ll = yes :* value - no
    s = yes :* slope - no
    h = -yes :* slope :* rest :/ p - no
}

// y has the mean exp(eta)
void fedfolder_poisson(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    real colvector mu

    mu = exp(eta)
    ll = y :* eta - mu - lngamma(y :+ 1)
    s = y - mu
    h = -mu
}

// minus half the squared residual; sigma is profiled out
void fedfolder_regress(real colvector y, real colvector eta, real colvector ll, real colvector s, real colvector h)
{
    s = y - eta
    ll = -0.5 :* s :* s
    h = J(rows(y), 1, -1)
}

end
