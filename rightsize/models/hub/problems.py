"""What huggingface_hub raises, said in one line with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rightsize.errors import ModelError, RightsizeError


@contextmanager
def explained(repo: str, endpoint: str) -> Iterator[None]:
    """Turn errors of the hub's client into ModelError; ours pass through."""
    from huggingface_hub import errors

    try:
        yield
    except RightsizeError:
        raise
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{repo} is gated: its owner wants its terms to be accepted first",
            next_step=f"Accept them at {endpoint}/{repo} and put your token into HF_TOKEN",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"{endpoint} has no model {repo}, or it is private",
            next_step="Check the name; for a private one put your token into HF_TOKEN",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{repo} has no such revision", next_step="Name a branch or commit") from error
    except errors.OfflineModeIsEnabled as error:
        raise _offline(repo) from error
    except errors.HfHubHTTPError as error:
        code = error.response.status_code if error.response is not None else "no"
        raise ModelError(f"{endpoint} answered {code} for {repo}", next_step="Try again later") from error
    except (OSError, ValueError) as error:
        raise _broken(repo, endpoint, error) from error
    except Exception as error:
        # The client's transport has its own errors, and which library that is differs between its versions.
        if not type(error).__module__.startswith(("httpx", "httpcore", "requests", "urllib3")):
            raise
        raise _broken(repo, endpoint, error) from error


def _broken(repo: str, endpoint: str, error: Exception) -> ModelError:
    line = " ".join(str(error).split())[:200] or type(error).__name__
    return ModelError(
        f"{repo} could not be read from {endpoint}: {line}",
        next_step="The same command goes on where it stopped",
    )


def _offline(repo: str) -> ModelError:
    return ModelError(
        f"{repo} is not on this disk, and HF_HUB_OFFLINE forbids to get it", next_step="Unset HF_HUB_OFFLINE"
    )


def refuse_offline(repo: str) -> None:
    """Raise ModelError when the environment says to stay offline."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise _offline(repo)
