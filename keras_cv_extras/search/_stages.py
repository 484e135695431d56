"""The stages of a search, each of which leaves its scores in the search's folder.

What the folder knows is not computed again, so that a search that was interrupted goes on, and
each stage can be run alone.
"""

import dataclasses

import numpy as np

from keras_cv_extras.policy import Policy, concatenate, no_augmentation
from keras_cv_extras.search import _portfolio, _record
from keras_cv_extras.search._screen import Screen, screen
from keras_cv_extras.search._shared import SharedWeights, uniform_policy
from keras_cv_extras.search._space import op_alone, policy_from
from keras_cv_extras.search._trainer import DivergedError, Score
from keras_cv_extras.search._tuner import PolicyTuner, seed_of_trial

NUM_JOINED = 5  # the best policies of AutoAugment's final one, arXiv:1805.09501
SCREENED = "screened ops, uniform"
NUM_LOOKS = 2  # further trainings of a trial that was promoted
_APPEALS = (1.0, 0.5)  # strengths up to which a capped op is tried alone
_SURE = 3.0  # standard errors by which a capped op must help
PROMOTED = 3  # one trial of so many is promoted, the rate of successive halving


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


class Stages:
    """Runs the stages of a search, in the order of the methods.

    Args:
        request: what the search is asked.
        folder: the `SearchFolder` that keeps what is found.
        shown: the `SearchProgress`.
    """

    def __init__(self, request, folder, shown):
        self.request, self.folder, self.shown = request, folder, shown
        self.scorer = request.trainer
        self.screened: Screen | None = None

    @property
    def ops(self) -> tuple[str, ...]:
        """The ops that are worth searching in."""
        if self.screened is None:
            return self.request.ops
        return self.screened.kept or ("identity",)

    def screen(self) -> Screen:
        """Finds the ops that destroy labels; what follows does without them."""
        self.shown.stage("screen of the ops")
        request, seed = self.request, seed_of_trial(self.request.seed, "screen")
        self.screened = self.folder.screen(lambda: screen(request.trainer, request.ops, seed=seed))
        self.shown.advance()
        return self.screened

    def share(self) -> SharedWeights:
        """Trains the epochs that all policies have in common; trials go on from there."""
        self.shown.stage("shared weights")
        self.scorer = SharedWeights(
            self.request.trainer,
            self._uniform("uniform"),
            seed=seed_of_trial(self.request.seed, "shared"),
            path=self.folder.path / "shared.npz",
        )
        self.scorer.prepare()
        self.shown.advance()
        return self.scorer

    def appeal(self) -> Screen:
        """Lifts the caps of ops that do help, whatever the screen says of them.

        A network that cannot read an op's results yet is no proof that their label is gone, and
        images of later use may look just like them. So each op that is capped is tried alone, on
        half of the images, up to its full strength and up to half of it; the validation images
        decide.
        """
        self.shown.stage("appeal of capped ops")
        caps = (self.screened.caps[op] for op in self.screened.harmful)
        self.shown.more(1 + sum(strength > cap for cap in caps for strength in _APPEALS))
        nothing = self._validated("portfolio", "none", no_augmentation())
        lifted = {}
        for op in self.screened.harmful:
            for strength in _APPEALS:
                if op not in lifted and strength > self.screened.caps[op]:
                    alone = policy_from(op_alone(op, rate=0.5), caps={op: strength})
                    score = self._validated("appeal", f"{op} {strength}", alone)
                    gain = score.correct.astype(float) - nothing.correct
                    if gain.mean() > _SURE * gain.std() / np.sqrt(gain.size):
                        lifted[op] = strength
        self.screened = self.screened.reinstate(lifted)
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
        found = []
        for kind, policies in kinds.items():
            for name, policy in policies.items():
                score = self._validated("portfolio", name, policy)
                found.append(Candidate(name, kind, policy, (score.accuracy,)))
        if self.screened is not None:
            policy = self._uniform(SCREENED)
            score = self._validated("portfolio", SCREENED, policy)
            found.append(Candidate(SCREENED, "searched", policy, (score.accuracy,)))
        if not np.isfinite(found[0].accuracy):
            raise DivergedError(
                "the training without augmentation diverged: lower the learning rate of build_model"
            )
        return found

    def trials(self) -> PolicyTuner:
        """Runs the trials that an oracle suggests; returns their tuner."""
        request = self.request
        tuner = PolicyTuner(
            request.make_oracle(self.ops),
            trainer=self.scorer,
            validation=request.parts["validation"],
            caps={} if self.screened is None else self.screened.caps,
            seed=request.seed,
            directory=self.folder.path,
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
        """Trains the best third of the trials again, so that luck counts less.

        Returns:
            The finished trials, the best first: those that were promoted before the others.
        """
        self.shown.stage("promoted trials")
        trials = tuner.oracle.get_best_trials(len(tuner.oracle.trials))
        found = []
        for place, trial in enumerate(t for t in trials if t.status == "COMPLETED"):
            name, policy = f"trial {int(trial.trial_id)}", tuner.policy_of(trial)
            accuracies = [_record.metric(trial, "val_accuracy")]
            if place < self.num_promoted:
                for look in range(NUM_LOOKS):
                    score = self._validated("promoted", f"{name} look {look}", policy)
                    accuracies.append(score.accuracy)
            found.append(Candidate(name, "searched", policy, tuple(accuracies)))
        best = sorted(found[: self.num_promoted], key=lambda one: -np.nan_to_num(one.accuracy, -1))
        return best + found[self.num_promoted :]

    @property
    def num_promoted(self) -> int:
        """How many trials are trained again; none where a trial is a whole training."""
        return -(-self.request.trials // PROMOTED) if self.request.staged else 0

    def finalists(self, portfolio, ranked) -> list[Candidate]:
        """Chooses what is confirmed: controls, the best entrant, the screen's, the best trials."""
        controls = [one for one in portfolio if one.kind == "control"]
        entrants = [one for one in portfolio if one.kind == "entrant"]
        finished = [one for one in entrants if np.isfinite(one.accuracy)]
        chosen = controls + ([max(finished, key=lambda one: one.accuracy)] if finished else [])
        chosen += [one for one in portfolio if one.name == SCREENED]
        if ranked:
            chosen.append(dataclasses.replace(ranked[0], name="best trial"))
        if len(ranked) > 1:
            joined = concatenate([one.policy for one in ranked[:NUM_JOINED]])
            chosen.append(Candidate(f"best {NUM_JOINED} joined", "searched", joined, ()))
        return chosen

    def confirm(self, candidate: Candidate) -> list[Score]:
        """Trains a finalist from fresh weights and scores it on images the search has not seen."""
        self.shown.stage("confirmation")
        scores = []
        for number in range(self.request.confirm_seeds):
            # The arms of one number share their seed: the same weights and order of images.
            scores.append(
                self._score(
                    "confirmation",
                    f"{candidate.name} {number}",
                    candidate.policy,
                    seed=f"confirmation {number}",
                    part="confirmation",
                    scorer=self.request.trainer,
                )
            )
        confirmed = float(np.mean([score.accuracy for score in scores]))
        self.shown.confirmed(candidate.name, confirmed)
        return scores

    def _uniform(self, name):
        """The policy that gives an image one of the searched ops, of any strength below its cap."""
        caps = {} if self.screened is None else self.screened.caps
        return uniform_policy(self.ops, caps={**dict.fromkeys(self.ops, 1.0), **caps}, name=name)

    def _validated(self, stage, name, policy):
        return self._score(
            stage, name, policy, seed=f"{stage} {name}", part="validation", scorer=self.scorer
        )

    def _score(self, stage, name, policy, *, seed, part, scorer):
        score = self.folder.load(stage, name)
        if score is None:
            images, labels = self.request.parts[part]
            try:
                seed = seed_of_trial(self.request.seed, seed)
                score = scorer.score(policy, seed, images, labels)
            except DivergedError:
                nothing = np.zeros(len(labels), bool)
                score = Score(float("nan"), float("nan"), nothing, float("nan"))
            self.folder.store(stage, name, score)
        self._seen(name, policy, score.accuracy if part == "validation" else None)
        return score

    def _seen(self, name, policy, accuracy):
        """Shows a training that is done, and keeps its policy if it is the best so far."""
        if self.shown.advance(name, accuracy):
            self.folder.keep_best(name, policy, accuracy)
