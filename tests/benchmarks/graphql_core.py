"""The service with graphql-core's own executor: uvicorn --factory tests.benchmarks.graphql_core:create."""

from starlette.applications import Starlette

from execution import PlanExecutor
from server.app import create_app


class GraphQLCore(PlanExecutor):
    def _plannable(self) -> bool:
        return False


def create() -> Starlette:
    return create_app(executor=GraphQLCore)
