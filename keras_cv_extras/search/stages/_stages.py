"""The stages of a search, each of which leaves its scores in the search's folder.

What the folder knows is not computed again, so that a search that was interrupted goes on, and
each stage can be run alone.
"""

import dataclasses
import itertools
from typing import Any

import numpy as np

from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, concatenate, no_augmentation
from keras_cv_extras.search.oracles._recipes import rand_augment_ops
from keras_cv_extras.search.oracles._space import op_alone, policy_from
from keras_cv_extras.search.stages import _neighbors, _portfolio, _tuned_control
from keras_cv_extras.search.stages._promotion import NUM_REPEATS, promoted_of
from keras_cv_extras.search.stages._screen import Screen, screen
from keras_cv_extras.search.stages._state import ChiefWatch
from keras_cv_extras.search.trials._shared import SharedWeights, uniform_policy
from keras_cv_extras.search.trials._trainer import DivergedError, Score
from keras_cv_extras.search.trials._tuner import PolicyTuner, seed_of_trial
from keras_cv_extras.search.verdict import _record
from keras_cv_extras.search.verdict._harm import try_alone
from keras_cv_extras.search.workers._jobs import Job, do_all
from keras_cv_extras.search.workers._processes import Role

APPEALS = (1.0, 0.5)  # strengths up to which a capped op is tried alone
_SURE = 2.5  # standard errors by which a capped op must help


def most_appeals(ops) -> int:
    """Returns how many trainings the appeals of ops can be."""
    return sum(map(len, map(_appeals_of, ops)))


def most_alone(ops, seeds: int) -> int:
    """Returns how many trainings there can be with each op alone, and with nothing."""
    return seeds * (len(ops) + 1)


def _appeals_of(op):
    """Returns the strengths up to which an op is tried alone: one if it has no strength."""
    return APPEALS if OPS[op].has_strength else APPEALS[:1]


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A policy and what the search has seen of it.

    Args:
        name: what it is called in tables.
        kind: "control", "entrant" or "searched".
        policy: the policy.
        accuracies: on the validation images, one for each training; NaN if it diverged.
    """

    name: str
    kind: str
    policy: Policy
    accuracies: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """The mean of its accuracies."""
        return float(np.mean(self.accuracies)) if self.accuracies else float("nan")


def _worst_first(candidate):
    return np.nan_to_num(candidate.accuracy, nan=-1.0)


class Stages:
    """Runs the stages of a search, in the order of the methods.

    The processes of one search all run all stages. The chief screens, trains the shared weights
    and suggests the trials; workers wait for these, and share out the trainings.

    Args:
        request: what the search is asked.
        folder: the `SearchFolder` that keeps what is found.
        shown: the `SearchProgress`.
        role: what this process is.
    """

    def __init__(self, request, folder, shown, role: Role | None = None):
        self.request, self.folder, self.shown = request, folder, shown
        self.role = role or Role()
        self._chief = ChiefWatch(folder.path)
        self.scorer = request.trainer
        self.screened: Screen | None = None
        self._counted = set()
        self._num_appeals = 0

    @property
    def ops(self) -> tuple[str, ...]:
        """The ops that are worth searching in."""
        if self.screened is None:
            return self.request.ops
        return self.screened.kept or ("identity",)

    @property
    def caps(self) -> dict[str, float]:
        """For ops the highest strength that keeps labels; there are none without a screen."""
        return {} if self.screened is None else self.screened.caps

    def screen(self) -> Screen:
        """Finds the ops that destroy labels; what follows does without them."""
        self.shown.stage("screen of the ops")
        if not self.role.decides:
            self._chief.wait_for("screen.json")
        request, seed = self.request, seed_of_trial(self.request.seed, "screen")
        found = self.folder.screen(lambda: screen(request.trainer, request.ops, seed=seed))
        self.screened = found
        self.shown.advance()
        return found

    def share(self) -> SharedWeights:
        """Trains the epochs that all policies have in common; trials go on from there."""
        self.shown.stage("shared weights")
        self.scorer = SharedWeights(
            self.request.trainer,
            uniform_policy(self.ops, caps=self.caps),
            seed=seed_of_trial(self.request.seed, "shared"),
            path=self.folder.path / "shared.npz",
        )
        if not self.role.decides:
            self._chief.wait_for("shared.npz")
        self.scorer.prepare()
        self.shown.advance()
        return self.scorer

    def appeal(self) -> Screen:
        """Lifts the caps of ops that do help, whatever the screen says of them.

        A network that cannot read an op's results yet is no proof that their label is gone, and
        images of later use may look just like them. So each op that is capped is tried alone,
        up to its full strength and up to half of it; the validation images decide.
        """
        screened = self.screened
        if screened is None:
            raise ValueError("there is no appeal without a screen")
        self.shown.stage("appeal of capped ops")
        capped = [
            (op, strength)
            for op in screened.limited
            for strength in _appeals_of(op)
            if strength > screened.caps[op]
        ]
        self.shown.settle(most_appeals(self.request.ops), len(capped))
        self._num_appeals = len(capped)
        jobs = [self._validation("portfolio", "none", no_augmentation())]
        for op, strength in capped:
            alone = policy_from(op_alone(op), caps={op: strength})
            jobs.append(self._validation("appeal", f"{op} {strength}", alone))
        nothing, *scores = self._scores(jobs)
        lifted = {}
        for (op, strength), score in zip(capped, scores, strict=True):
            gain = score.correct.astype(float) - nothing.correct
            error = gain.std() / np.sqrt(gain.size)
            if gain.mean() > _SURE * error:
                lifted.setdefault(op, strength)  # the highest, which is tried first
        self.screened = screened.reinstate(lifted)
        return self.screened

    def judge_harm(self) -> Screen:
        """Names the ops that harm, by trainings from fresh weights with each of them alone."""
        screened = self.screened
        if screened is None:
            raise ValueError("harm is not judged without a screen")
        self.shown.stage("harm of the ops")
        seeds, before = self.request.harm_seeds, len(self._counted)

        def train(pairs):
            jobs = [
                Job(
                    "harm",
                    f"{op or 'nothing'} {number}",
                    no_augmentation() if op is None else uniform_policy([op]),
                    f"harm {number}",  # those of one number share their seed
                    "validation",
                    self.request.trainer,
                )
                for op, number in pairs
            ]
            scores = self._scores(jobs)
            return [one.correct if np.isfinite(one.accuracy) else None for one in scores]

        ops = [op for op in self.request.ops if op not in screened.unchanged]
        self.screened = screened.judged(try_alone(ops, seeds, train), seeds)
        self.shown.settle(most_alone(self.request.ops, seeds), len(self._counted) - before)
        return self.screened

    def portfolio(self) -> list[Candidate]:
        """Scores the policies that need no search."""
        self.shown.stage("portfolio")
        request = self.request
        drawn = {"seed": seed_of_trial(request.seed, "control"), "ops": request.ops}
        kinds = {
            "control": _portfolio.control_policies(flip=request.flip, **drawn),
            "entrant": _portfolio.entrant_policies(**drawn),
        }
        named = [(kind, *item) for kind, found in kinds.items() for item in found.items()]
        if self.screened is not None:
            found = _portfolio.screened_policies(self.ops, self.caps, trials=request.trials)
            named += [("searched", *item) for item in found.items()]
        scores = self._scores([self._validation("portfolio", *item) for _, *item in named])
        found = [
            Candidate(name, kind, policy, (score.accuracy,))
            for (kind, name, policy), score in zip(named, scores, strict=True)
        ]
        if not np.isfinite(found[0].accuracy):
            raise DivergedError(
                "the training without augmentation diverged: lower the learning rate of build_model"
            )
        controls = [one for one in found if one.kind == "control"]
        contest = sorted(found[len(controls) :], key=_worst_first, reverse=True)
        return controls + self._looked_at_again(contest)

    def trials(self) -> PolicyTuner:
        """Runs the trials that an oracle suggests; returns their tuner."""
        request = self.request
        ops = self.ops
        if request.space == "randaugment" and request.ops_were_left_open:
            reinstated = () if self.screened is None else self.screened.reinstated
            ops = rand_augment_ops(ops, reinstated)
        tuner = PolicyTuner(
            request.make_oracle(ops),
            trainer=self.scorer,
            validation=request.parts["validation"],
            caps=self.caps,
            seed=request.seed,
            directory=self.folder.path,
            role=self.role,
        )
        self.shown.stage("trials")
        finished = tuner.oracle.trials.values()
        self.shown.skip(sum(trial.status in ("COMPLETED", "FAILED") for trial in finished))
        tuner.on_trial = lambda trial: self._seen(
            f"trial {int(trial.trial_id)}",
            tuner.policy_of(trial),
            _record.metric(trial, "val_accuracy"),
        )
        tuner.search()
        return tuner

    def promote(self, tuner: PolicyTuner) -> list[Candidate]:
        """Trains the best third of the trials twice more, so that luck counts less.

        Which are best is said in the space "randaugment" by all scores together, as a Gaussian
        process of its few numbers has it: what one score owes to luck, its neighbours correct.

        Returns:
            The finished trials, the best first: those that were promoted before the others.
        """
        self.shown.stage("promoted trials")
        trials = tuner.oracle.get_best_trials(len(tuner.oracle.trials))
        found, points = [], {}
        for trial in (trial for trial in trials if trial.status == "COMPLETED"):
            points[f"trial {int(trial.trial_id)}"] = trial.hyperparameters
            name = f"trial {int(trial.trial_id)}"
            accuracy: Any = _record.metric(trial, "val_accuracy")  # completed, it has one
            found.append(Candidate(name, "searched", tuner.policy_of(trial), (accuracy,)))
        if self.request.space != "randaugment":
            return self._looked_at_again(found)

        def by_model(candidates):
            order = [points[one.name] for one in candidates]
            values = _neighbors.smoothed(order, [one.accuracies for one in candidates])
            return dict(zip([one.name for one in candidates], values, strict=True))

        first = by_model(found)
        looked = self._looked_at_again(sorted(found, key=lambda one: -first[one.name]))
        last, count = by_model(looked), sum(len(one.accuracies) > 1 for one in looked)
        order = sorted(looked[: count or None], key=lambda one: -last[one.name])
        return order + looked[count or len(looked) :]

    def _looked_at_again(self, ranked) -> list[Candidate]:
        """Trains the best third of candidates, which come best first, twice more.

        Where a trial is a whole training, none is promoted. Returns all, those first, ranked anew.
        """
        count = promoted_of(len(ranked)) if self.request.staged else 0
        best = [one for one in ranked[:count] if np.isfinite(one.accuracy)]
        again = self._scores(
            [
                self._validation("promoted", f"{one.name} look {repeat}", one.policy)
                for one in best
                for repeat in range(NUM_REPEATS)
            ]
        )
        for place, one in enumerate(best):
            repeats = again[place * NUM_REPEATS : (place + 1) * NUM_REPEATS]
            accuracies = (*one.accuracies, *(score.accuracy for score in repeats))
            best[place] = dataclasses.replace(one, accuracies=accuracies)
        return sorted(best, key=_worst_first, reverse=True) + ranked[len(best) :]

    def tune_control(self, portfolio, tuner, ranked) -> Candidate:
        """Tunes RandAugment with as many trainings as were spent on the search's policies."""
        self.shown.stage(_tuned_control.NAME)
        scored = [one.accuracies for one in (*portfolio, *ranked) if one.kind != "control"]
        failed = len(tuner.oracle.trials) - len(ranked)
        spent = sum(map(len, scored)) + failed + self._num_appeals
        if self.request.staged:
            self.shown.settle(most_appeals(self.request.ops), self._num_appeals)

        def score(items):
            return [
                score.accuracy
                for score in self._scores([self._validation("rival", *item) for item in items])
            ]

        name, policy, accuracies = _tuned_control.tune(spent, score)
        return Candidate(f"{_tuned_control.NAME}: {name}", "control", policy, accuracies)

    def finalists(self, portfolio, ranked) -> list[Candidate]:
        """Chooses what is confirmed: controls, the best entrant, the screen's, the best trials.

        Of those that tie the first is written: the simplest, or before all a tuned RandAugment.
        """
        chosen = [one for one in portfolio if one.kind == "control"]
        for kind in ("entrant", "searched"):  # the best of each come first
            finished = (one for one in portfolio if one.kind == kind and np.isfinite(one.accuracy))
            chosen += itertools.islice(finished, 1)
        if ranked:
            chosen.append(dataclasses.replace(ranked[0], name="best trial"))
        # Recipes that draw other numbers of ops cannot be joined, and need not be.
        if len(ranked) > 1 and self.request.space == "policy":
            joined = concatenate([one.policy for one in ranked[: _portfolio.NUM_JOINED]])
            chosen.append(Candidate(f"best {_portfolio.NUM_JOINED} joined", "searched", joined, ()))
        if self.request.space == "randaugment":  # of arms that tie, the first is written
            chosen.sort(key=lambda one: one.name != "best trial")
        return chosen

    def confirm(self, finalists) -> list[tuple[Candidate, list[Score]]]:
        """Trains finalists from fresh weights and scores them on images the search has not seen."""
        self.shown.stage("confirmation")
        count = self.request.confirm_seeds
        known = {one.name: [] for one in finalists}

        def seen(job, score):
            name = job.name.rpartition(" ")[0]
            known[name].append(score.accuracy)
            if len(known[name]) == count:
                self.shown.confirmed(name, float(np.mean(known[name])))

        jobs = [
            # The arms of one number share their seed: the same weights and order of images.
            Job(
                "confirmation",
                f"{one.name} {number}",
                one.policy,
                f"confirmation {number}",
                "confirmation",
                self.request.trainer,
            )
            for one in finalists
            for number in range(count)
        ]
        scores = self._scores(jobs, seen)
        groups = [scores[start : start + count] for start in range(0, len(scores), count)]
        return list(zip(finalists, groups, strict=True))

    def _validation(self, stage, name, policy):
        return Job(stage, name, policy, f"{stage} {name}", "validation", self.scorer)

    def _scores(self, jobs, seen=None):
        """Returns the scores of jobs, from the folder or from a training here or elsewhere."""

        def show(job, score):
            # Trainings with one op from fresh weights are none that trials are compared with.
            validated = job.part == "validation" and job.stage != "harm"
            if (job.stage, job.name) not in self._counted:  # two stages read one training
                self._seen(job.name, job.policy, score.accuracy if validated else None)
            self._counted.add((job.stage, job.name))
            if seen is not None:
                seen(job, score)

        return do_all(
            jobs, self.folder, self._trained, show, role=self.role, check=self._chief.check
        )

    def _trained(self, job):
        images, labels = self.request.parts[job.part]
        try:
            seed = seed_of_trial(self.request.seed, job.seed)
            return job.scorer.score(job.policy, seed, images, labels)
        except DivergedError:
            nothing = np.zeros(len(labels), bool)
            return Score(float("nan"), float("nan"), nothing, float("nan"))

    def _seen(self, name, policy, accuracy):
        """Shows a training that is done, and keeps its policy if it is the best so far."""
        if self.shown.advance(name, accuracy) and self.role.decides:
            self.folder.keep_best(name, policy, accuracy)
