"""How a query runs: on graphql-core's own executor. Whatever replaces it lives here and knows nothing of ours."""
