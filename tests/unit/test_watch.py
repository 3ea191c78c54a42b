"""A solve under way tells its figures in thousandths of a point, rounded as everywhere else."""

from allocator.optimise.watch import Progress, Watch


def test_the_best_known_is_rounded_and_its_bound_never_below_it():
    told: list[Progress] = []
    watch = Watch(progress=told.append, scale=10)
    watch.report(best=13148076, bound=13148076)
    watch.report(best=13148074, bound=13148076)
    assert [(each.best, each.bound) for each in told] == [(1314808, 1314808), (1314807, 1314808)]
