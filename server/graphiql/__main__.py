import sys

from server.graphiql import BuildError, build

try:
    build(required="--required" in sys.argv[1:])
except BuildError as error:
    sys.exit(str(error))
