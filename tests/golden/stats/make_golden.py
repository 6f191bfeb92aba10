"""Makes the reference values of this folder with SciPy, statsmodels and plain NumPy.

usage: python3 make_golden.py [TOPIC...]   (needs numpy, scipy, statsmodels)

Where no package has a method, its published formula is written out here on full matrices, which
shares neither code nor algebra with the C++ sources. Each function makes one <topic>.json that holds
inputs and outputs.
"""

import itertools
import json
import math
import pathlib
import sys
import warnings

import numpy as np
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats import sandwich_covariance as sw

HERE = pathlib.Path(__file__).resolve().parent
warnings.filterwarnings("ignore")


def numbers(values):
    return [float(v) for v in np.asarray(values).ravel()]


def whole(values):
    return [int(v) for v in np.asarray(values).ravel()]


def clustered(seed, sizes, spread=0.8):
    """Values with a part shared by the cluster, and the cluster of each."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    value = rng.normal(0.3, 1, cluster.size) + spread * rng.normal(size=len(sizes))[cluster]
    return np.round(value, 3), cluster


def cr1(y, x, cluster):
    fit = sm.OLS(y, x).fit()
    return fit, sw.cov_cluster(fit, cluster, use_correction=False)


def clusters():
    """Means and ratios: statsmodels' sandwich without its own factor, times C/(C-1)."""
    sizes = [3, 7, 1, 12, 5, 5, 2, 9]
    value, cluster = clustered(1, sizes)
    n_cluster = len(sizes)
    fit, cov = cr1(value, np.ones_like(value), cluster)
    se = math.sqrt(cov[0, 0] * n_cluster / (n_cluster - 1))
    rng = np.random.default_rng(2)
    den = (rng.random(value.size) < 0.7).astype(float)
    num = den * np.where(rng.random(value.size) < 0.6, 1, -1)
    ratio = num.sum() / den.sum()
    u = np.array([(num - ratio * den)[cluster == c].sum() for c in range(n_cluster)]) / den.sum()
    # The same by weighted least squares of num/den on a constant.
    wls = sm.WLS(num[den > 0], np.ones(int(den.sum()))).fit()
    by_fit = sw.cov_cluster(wls, cluster[den > 0], use_correction=False)[0, 0]
    assert abs(by_fit - (u**2).sum()) < 1e-14
    return {
        "value": numbers(value), "cluster": whole(cluster), "numerator": numbers(num),
        "denominator": numbers(den), "mean": float(fit.params[0]), "mean_se": se,
        "mean_upper": float(fit.params[0] + st.t.ppf(0.975, n_cluster - 1) * se),
        "ratio": float(ratio), "ratio_se": math.sqrt((u**2).sum() * n_cluster / (n_cluster - 1)),
        "effective": sum(sizes) ** 2 / sum(s * s for s in sizes),
    }


def bootstrap():
    """BCa limits on draws made here; SciPy's bias, acceleration and levels, ranks as (n + 1) p."""
    rng = np.random.default_rng(3)
    sample = np.round(rng.exponential(size=40), 3)

    def ratio(x, axis=-1):
        return np.mean(x, axis=axis) / (1 + np.std(x, axis=axis))

    done = st.bootstrap((sample,), ratio, n_resamples=1999, method="BCa",
                        rng=np.random.default_rng(4))
    draw = np.sort(done.bootstrap_distribution)
    value = float(ratio(sample))
    left_out = np.array([ratio(np.delete(sample, i)) for i in range(sample.size)])
    z0 = st.norm.ppf((np.sum(draw < value) + np.sum(draw <= value)) / 2 / draw.size)
    d = left_out.mean() - left_out
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    z = z0 + st.norm.ppf([0.025, 0.975])
    level = st.norm.cdf(z0 + z / (1 - a * z))
    by_scipy = np.quantile(draw, level)  # SciPy's own choice of ranks, to check z0 and a
    assert np.allclose(by_scipy, done.confidence_interval, atol=1e-12)
    limits = np.quantile(draw, level, method="weibull")
    return {"draw": numbers(draw), "left_out": numbers(left_out), "value": value,
            "lower": float(limits[0]), "upper": float(limits[1])}


def power_of(matrix, exponent):
    """Symmetric power, 0 where an eigenvalue is."""
    value, vector = np.linalg.eigh(matrix)
    good = value > 1e-9
    value[good] = value[good] ** exponent
    value[~good] = 0
    return (vector * value) @ vector.T


def cr2(y, x, cluster, contrast):
    """CR2 and Satterthwaite df as published, on n x n matrices."""
    n = len(y)
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    residual = y - hat @ y
    maker = np.eye(n) - hat
    variance, vectors = 0.0, []
    for g in np.unique(cluster):
        rows = cluster == g
        adjust = power_of(np.eye(rows.sum()) - hat[np.ix_(rows, rows)], -0.5)
        weight = adjust @ x[rows] @ bread @ contrast
        variance += (weight @ residual[rows]) ** 2
        vectors.append(maker[rows].T @ weight)
    quadratic = sum(np.outer(v, v) for v in vectors)  # with error variance I
    df = np.trace(quadratic) ** 2 / np.trace(quadratic @ quadratic)
    return float(contrast @ bread @ x.T @ y), math.sqrt(variance), float(df)


def cluster_robust():
    out = {"cr2": []}
    sizes = [4, 1, 9, 2, 6, 3, 8]
    y, cluster = clustered(5, sizes)
    rng = np.random.default_rng(6)
    covariate = np.round(rng.normal(40, 15, (y.size, 2)) * [1, 0.01], 4)
    one = np.ones((y.size, 1))
    group = (cluster % 2 == 0).astype(float)[:, None]
    lone = (cluster == 2).astype(float)[:, None]  # fits one cluster alone: I - H_gg is singular
    designs = [(one, [1]), (np.hstack([one, covariate]), [1, 0, 0]),
               (np.hstack([one, covariate]), [0, 1, 0]), (np.hstack([group, 1 - group]), [1, -1]),
               (np.hstack([one, lone]), [1, 0])]
    for x, contrast in designs:
        value, se, df = cr2(y, x, cluster, np.array(contrast, float))
        out["cr2"].append({"design": numbers(x), "n_parameter": x.shape[1],
                           "contrast": numbers(contrast), "value": value, "se": se, "df": df})
    # A cluster each: SE is HC2, which statsmodels has.
    x = np.hstack([one, covariate])
    hc2 = sm.OLS(y, x).fit().HC2_se[0]
    value, se, df = cr2(y, x, np.arange(y.size), np.array([1.0, 0, 0]))
    assert abs(se - hc2) < 1e-10
    out["hc2"] = {"design": numbers(x), "se": float(hc2), "df": df}
    out.update({"y": numbers(y), "cluster": whole(cluster)})

    second = rng.integers(0, 6, y.size)
    y2 = y + rng.normal(size=6)[second]
    fit = sm.OLS(y2, x).fit()
    both, by_first, by_second = sw.cov_cluster_2groups(fit, cluster, second)
    c = np.array([1.0, 0, 0])
    out["two_way"] = {
        "y": numbers(y2), "second": whole(second), "design": numbers(x),
        "value": float(fit.params[0]), "variance": float(c @ both @ c),
        "se_first": math.sqrt(by_first[0, 0]), "se_second": math.sqrt(by_second[0, 0]),
        "least_eigenvalue": float(np.linalg.eigvalsh(both)[0])}
    mean_fit = sm.OLS(y2, one).fit()
    both, by_first, by_second = sw.cov_cluster_2groups(mean_fit, cluster, second)
    out["two_way_mean"] = {"value": float(mean_fit.params[0]), "se": math.sqrt(both[0, 0])}
    return out


def wild_t(y, x, cluster, contrast):
    """t by a fresh fit, CR1 without factors (they are the same for all draws)."""
    fit = sm.OLS(y, x).fit()
    cov = sw.cov_cluster(fit, cluster, use_correction=False)
    return float(contrast @ fit.params) / math.sqrt(contrast @ cov @ contrast)


def wild():
    """All sign vectors, each with a new y, a new fit by statsmodels and its sandwich."""
    sizes = [3, 1, 4, 2, 5, 2, 3, 1, 4]
    y, cluster = clustered(7, sizes)
    rng = np.random.default_rng(8)
    one = np.ones((y.size, 1))
    covariate = np.round(rng.normal(size=(y.size, 1)), 3)
    group = (cluster % 3 == 0).astype(float)[:, None]
    out = {"y": numbers(y), "cluster": whole(cluster), "tests": []}
    for x, contrast in ((one, [1]), (np.hstack([one, covariate]), [1, 0]),
                        (np.hstack([group, 1 - group]), [1, -1])):
        c = np.array(contrast, float)
        bread = np.linalg.inv(x.T @ x)
        beta = bread @ x.T @ y
        restricted = beta - bread @ c * (c @ beta) / (c @ bread @ c)
        residual = y - x @ restricted
        t = wild_t(y, x, cluster, c)
        draws = []
        for signs in itertools.product((1, -1), repeat=len(sizes)):
            draws.append(wild_t(x @ restricted + np.array(signs)[cluster] * residual, x, cluster, c))
        p = np.mean(np.abs(draws) >= abs(t) * (1 - 1e-10))
        out["tests"].append({"design": numbers(x), "contrast": contrast, "p": float(p),
                             "t": t / math.sqrt(len(sizes) / (len(sizes) - 1))})
    return out


def signed_rank(x, cluster):
    """Rosner, Glynn and Lee by analysis of variance with statsmodels."""
    x, cluster = x[x != 0], cluster[x != 0]
    signed = np.sign(x) * st.rankdata(np.abs(x))
    keys, size = np.unique(cluster, return_counts=True)
    mean = np.array([signed[cluster == k].mean() for k in keys])
    if len(set(size)) == 1:
        weight = size.astype(float)
    else:
        dummies = (cluster[:, None] == keys[None, :]).astype(float)
        fit = sm.OLS(signed, dummies).fit()
        m = len(keys)
        within = fit.ssr / (len(x) - m)
        between = (((signed - signed.mean()) ** 2).sum() - fit.ssr) / (m - 1)
        m0 = (len(x) - (size**2).sum() / len(x)) / (m - 1)
        s2b = (between - within) / m0
        rho = max(0.0, s2b / (s2b + within))
        rho = min(1.0, rho * (1 + (1 - rho**2) / (m - 2.5)))
        weight = size / (signed.var(ddof=1) * (1 + (size - 1) * rho))
    t, var = (weight * mean).sum(), (weight**2 * mean**2).sum()
    z = t / math.sqrt(var)
    return {"x": numbers(x), "cluster": whole(cluster), "t": float(t), "variance": float(var),
            "z": float(z), "p": float(2 * st.norm.sf(abs(z)))}


def paired():
    """SciPy where it has the test. The psychiatry table is Donner and Petryshen's (1989); its
    published statistics are in the C++ test."""
    out = {}
    x, cluster = clustered(9, [3, 1, 5, 2, 4, 6, 2, 3])
    x[3] = 0
    x[5] = -x[6]
    out["unbalanced"] = signed_rank(x, cluster)
    x, cluster = clustered(10, [3] * 7)
    out["balanced"] = signed_rank(x, cluster)
    x, cluster = clustered(11, [1] * 30)
    row = signed_rank(x, cluster)
    by_scipy = st.wilcoxon(x, correction=False, method="approx")
    # Without ties the sum of squared ranks is the variance that SciPy uses.
    assert abs(row["p"] - by_scipy.pvalue) < 1e-12
    out["single"] = row

    first, second = np.round(st.norm.rvs(size=7, random_state=1), 3), np.round(
        st.norm.rvs(1, 3, size=9, random_state=2), 3)
    done = st.ttest_ind(first, second, equal_var=False)
    limits = done.confidence_interval(0.95)
    out["welch"] = {"first": numbers(first), "second": numbers(second), "t": float(done.statistic),
                    "p": float(done.pvalue), "df": float(done.df), "lower": float(limits.low),
                    "upper": float(limits.high)}
    out["mcnemar"] = [{"b": b, "c": c, "p": float(st.binomtest(b, b + c, 0.5).pvalue)}
                      for b, c in ((3, 11), (0, 6), (20, 20), (7, 8))]

    d, cluster = clustered(12, [2, 3, 1, 4, 2, 2, 5, 1, 3, 2])
    sums = np.array([d[cluster == c].sum() for c in range(10)])
    done = st.permutation_test((sums,), np.sum, permutation_type="samples", n_resamples=np.inf,
                               alternative="two-sided")
    flips = np.array(list(itertools.product((1, -1), repeat=10))) @ sums
    exact = float(np.mean(np.abs(flips) >= abs(sums.sum()) - 1e-9))
    assert abs(exact - done.pvalue) < 1e-12
    out["sign_flip"] = {"d": numbers(d), "cluster": whole(cluster), "p": exact}
    return out


def multiplicity():
    """statsmodels' adjusted p; step-down max-T written out on a whole matrix."""
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(13)
    p = np.round(np.concatenate([rng.random(12) ** 3, [0.04, 0.04, 1.0, 0.5]]), 6)
    out = {"p": numbers(p)}
    for name, method in (("holm", "holm"), ("bh", "fdr_bh"), ("by", "fdr_by")):
        out[name] = numbers(multipletests(p, method=method)[1])
    observed = np.round(rng.normal(size=7) * 2, 4)
    drawn = np.round(rng.normal(size=(99, 7)), 4)
    order = np.argsort(-np.abs(observed))
    adjusted, floor = np.empty(7), 0.0
    for step, i in enumerate(order):
        rest = np.abs(drawn[:, order[step:]]).max(axis=1)
        floor = max(floor, (1 + np.sum(rest >= abs(observed[i]))) / 100)
        adjusted[i] = floor
    out.update({"observed": numbers(observed), "drawn": numbers(drawn), "max_t": numbers(adjusted)})
    return out


def shares():
    """SciPy and statsmodels: exact and Wilson intervals, odds ratio, Cohen's h."""
    from statsmodels.stats.proportion import proportion_effectsize

    out = {"interval": [], "odds": [], "h": []}
    for k, n in ((0, 7), (1, 25), (13, 25), (24, 25), (400, 1000)):
        exact = st.binomtest(k, n).proportion_ci(0.95, "exact")
        wilson = st.binomtest(k, n).proportion_ci(0.9, "wilson")
        out["interval"].append([k, n, *map(float, (exact.low, exact.high, wilson.low, wilson.high))])
    for a, b, c, d in ((10, 20, 30, 15), (3, 1, 2, 9)):
        table = sm.stats.Table2x2(np.array([[a, b], [c, d]]))
        low, high = table.oddsratio_confint()
        out["odds"].append([a, b, c, d, float(table.oddsratio), float(low), float(high)])
    for a, b in ((0.58, 0.5), (0.02, 0.4)):
        out["h"].append([a, b, float(proportion_effectsize(a, b))])
    return out


def equivalence():
    """statsmodels' TOST of one sample, and the power of its t test at our smallest effect."""
    from statsmodels.stats.weightstats import DescrStatsW

    x = np.round(st.norm.rvs(0.2, 1, size=20, random_state=3), 3)
    desc = DescrStatsW(x)
    p, lower, upper = desc.ttost_mean(-0.7, 0.7)
    low, high = desc.tconfint_mean(alpha=0.1)
    out = {"x": numbers(x), "p": float(p), "p_lower": float(lower[1]), "p_upper": float(upper[1]),
           "low": float(low), "high": float(high), "power": []}
    for df in (5, 24, 200):
        for alpha in (0.05, 0.05 / 9):
            effect = st.t.ppf(1 - alpha / 2, df) + st.t.ppf(0.8, df)
            out["power"].append([df, alpha, float(effect)])
    y, cluster = clustered(14, [2, 5, 9, 3, 3, 1, 6])
    fit = sm.OLS(y, (cluster[:, None] == np.arange(7)[None, :]).astype(float)).fit()
    msw = fit.ssr / (y.size - 7)
    msb = (((y - y.mean()) ** 2).sum() - fit.ssr) / 6
    sizes = np.bincount(cluster)
    n0 = (y.size - (sizes**2).sum() / y.size) / 6
    out["icc"] = {"y": numbers(y), "cluster": whole(cluster),
                  "icc": float((msb - msw) / (msb + (n0 - 1) * msw))}
    # The variance of a mean, item by item, under equal correlation within clusters.
    sigma = np.where(cluster[:, None] == cluster[None, :], 0.3, 0) + 0.7 * np.eye(y.size)
    out["design"] = {"sizes": whole(sizes), "icc": 0.3,
                     "se": float(2 * math.sqrt(sigma.sum()) / y.size)}
    return out


def agreement():
    from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

    table = np.array([[22, 3, 1], [5, 18, 4], [0, 2, 15]])
    rng = np.random.default_rng(15)
    ratings = rng.multinomial(5, [0.5, 0.3, 0.2], size=30)
    return {"table": numbers(table), "cohen": float(cohens_kappa(table, return_results=False)),
            "ratings": numbers(ratings), "fleiss": float(fleiss_kappa(ratings, method="fleiss"))}


def calibration():
    """Definitions written out with NumPy; the debiased error on bins without ties."""
    rng = np.random.default_rng(16)
    probability = np.round(rng.random(200), 6)
    outcome = (rng.random(200) < probability**1.3).astype(int)
    order = np.argsort(probability)
    plug_in = squared = 0.0
    for rows in np.array_split(order, 10):
        gap = probability[rows].mean() - outcome[rows].mean()
        plug_in += len(rows) / 200 * abs(gap)
        squared += len(rows) / 200 * (gap**2 - outcome[rows].var(ddof=1) / len(rows))
    confidence = np.round(rng.random(40), 1)  # many ties
    wrong = (rng.random(40) < 1 - confidence).astype(int)
    areas = []
    for seed in range(4000):  # the mean over random orders within ties
        shuffled = np.random.default_rng(seed).permutation(40)
        rows = shuffled[np.argsort(-confidence[shuffled], kind="stable")]
        areas.append(np.mean(np.cumsum(wrong[rows]) / np.arange(1, 41)))
    return {"probability": numbers(probability), "outcome": whole(outcome),
            "brier": float(np.mean((probability - outcome) ** 2)), "plug_in": plug_in,
            "squared": float(squared), "confidence": numbers(confidence), "wrong": whole(wrong),
            "area": float(np.mean(areas)), "area_se": float(np.std(areas) / math.sqrt(4000))}


TOPICS = (clusters, bootstrap, cluster_robust, wild, paired, multiplicity, shares, equivalence,
          agreement, calibration)


def main():
    for topic in TOPICS:
        if len(sys.argv) == 1 or topic.__name__ in sys.argv[1:]:
            (HERE / f"{topic.__name__}.json").write_text(json.dumps(topic()) + "\n")


if __name__ == "__main__":
    main()
