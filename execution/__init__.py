"""How a query runs: breadth first over compiled plans, on graphql-core and strawberry, knowing nothing of ours.

    strawberry.Schema(Query, execution_context_class=PlanExecutor)

Fields then run a level at a time instead of an object at a time. Plain attributes cost no call at all: they are read in
a function generated for the selection. A resolver is called for each parent as usual, unless the function has one of
these attributes, which say the same in another way and must agree with it:

    batch       batch(parents, info, **arguments): a list of one value per parent, or an awaitable of it
    plan        plan(info): answers a batch(parents, context, **arguments) for as long as the plan lives, so that what
                follows from the selection alone is found once; of the variables it may look only at those in @skip
                and @include
    attribute   a name: the value is this attribute of the parent
    itself      True: the value is the parent, seen as another type; a name: null where that attribute is
    at_once     True: takes the parent alone, and what it answers is never awaitable
    of_fields   of_fields(kind): a function and the names of the fields of this kind of plain tuple that it takes
                instead of the parent; see below

Instead of a list, a batch may answer an object with `kind`, a named tuple's class, and `values`: its values, or the
members of its lists, are then plain tuples of that class's fields, as a database's driver has them, and become objects
only for resolvers that look at them.

Whatever a plan does not know, any exception and any null where none may be abandon it, and the operation runs again on
graphql-core's own executor, which alone decides what errors look like. So resolvers of queries must be free of side
effects, as the specification asks, should answer from what was already read (a loader's cache), and must not change
their arguments, which later runs are given too.
"""

from execution.executor import PlanExecutor

__all__ = ["PlanExecutor"]
