"""What is logged, and how it looks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from uvicorn.config import LOGGING_CONFIG


def logging_config(level: str) -> dict[str, Any]:
    """For logging.config.dictConfig, in every process that serves: uvicorn's own, and the same for all else."""
    config = deepcopy(LOGGING_CONFIG)
    config["formatters"]["plain"] = {"format": "%(levelname)s %(name)s: %(message)s"}
    config["handlers"]["plain"] = {"class": "logging.StreamHandler", "formatter": "plain"}
    config["root"] = {"handlers": ["plain"], "level": level}
    return config
