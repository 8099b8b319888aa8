"""How a query runs: breadth first over compiled plans, on graphql-core and strawberry, knowing nothing of ours.

    strawberry.Schema(Query, execution_context_class=PlanExecutor)

Fields then run a level at a time instead of an object at a time. A resolver may offer `batch(parents, info,
**arguments)`, which answers a list of one value per parent, or an awaitable of it; or `plan(info)`, which answers such
a batch for as long as the plan lives, so that what follows from the selection alone is found once (of the variables it
may look only at those in @skip and @include). Any other resolver is called for each parent as usual. Plain attributes
cost no call at all: they are read in a function generated for the selection.

Whatever a plan does not know, any exception and any null where none may be abandon it, and the operation runs again on
graphql-core's own executor, which alone decides what errors look like. So resolvers of queries must be free of side
effects, as the specification asks, and should answer from what was already read (a loader's cache).
"""

from execution.executor import PlanExecutor

__all__ = ["PlanExecutor"]
