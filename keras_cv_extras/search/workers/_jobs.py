"""Trainings that processes share out: each is done by the one that claims it first."""

import dataclasses
import time
from typing import Any

from keras_cv_extras.policy import Policy
from keras_cv_extras.search.workers._claims import Claims

PAUSE = 0.2  # seconds between two looks at what the others have done


@dataclasses.dataclass(frozen=True)
class Job:
    """A training whose score is wanted.

    Args:
        stage: the stage that wants it, a folder's name.
        name: what it is called there.
        policy: the policy to train with.
        seed: what decides all that is random in it, with the search's seed.
        part: the images to score on, "validation" or "confirmation".
        scorer: a `Trainer` or `SharedWeights`.
    """

    stage: str
    name: str
    policy: Policy
    seed: str
    part: str
    scorer: object


def do_all(jobs, folder, compute, seen, *, role, check) -> list[Any]:
    """Returns the scores of jobs, as soon as all are known to the folder.

    Args:
        jobs: the `Job`s of a stage, of different names.
        folder: the `SearchFolder` that keeps scores.
        compute: a function of a job that returns its score.
        seen: a function that is called with every job and its score, as they become known.
        role: the `Role` of this process: one that is alone computes all in their order, a chief
            none, and workers what no other process is computing.
        check: a function that is called while waiting for others, and may raise.
    """
    scores, claims = {}, Claims()
    while True:
        for job in jobs:
            if job.name in scores:
                continue
            score = folder.load(job.stage, job.name)
            if score is None and role.kind == "alone":
                score = _computed(job, folder, compute)
            elif score is None and role.trains:
                claim = claims.take(folder.claim_path(job.stage, job.name))
                if claim is not None:
                    with claim:  # another may have finished it before it was claimed
                        score = folder.load(job.stage, job.name)
                        score = score or _computed(job, folder, compute)
            if score is not None:
                scores[job.name] = score
                seen(job, score)
        if len(scores) == len(jobs):
            return [scores[job.name] for job in jobs]
        check()
        time.sleep(PAUSE)


def _computed(job, folder, compute):
    score = compute(job)
    folder.store(job.stage, job.name, score)
    return score
