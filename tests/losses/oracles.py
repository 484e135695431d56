"""The formulas in float64 NumPy, in the plainest form: the loss of each class, had it been true."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def focal(z, gamma=2.0, alpha=1.0):
    p = softmax(z)
    return -np.asarray(alpha) * (1 - p) ** gamma * np.log(p)


def poly1(z, epsilon=1.0, gamma=0.0):
    return focal(z, gamma) + epsilon * (1 - softmax(z)) ** (gamma + 1)


def generalized(z, q=0.7):
    return (1 - softmax(z) ** q) / q


def symmetric(z, alpha=0.1, beta=1.0):
    return _reverse(z, beta) - alpha * np.log(softmax(z))


def _reverse(z, beta):
    labels = np.eye(z.shape[-1])
    logs = np.where(labels == 1, 0, np.log(1e-4))
    return beta * -(softmax(z)[:, None, :] * logs).sum(-1)


def active_passive(z, alpha=1.0, beta=1.0):
    logs = np.log(softmax(z))
    return alpha * logs / logs.sum(-1, keepdims=True) + _reverse(z, beta)


def logit_adjusted(z, class_counts, tau=1.0):
    prior = np.array(class_counts) / np.sum(class_counts)
    return -np.log(softmax(z + tau * np.log(prior)))


def ldam(z, class_counts, max_margin=0.5, scale=30.0):
    margins = np.array(class_counts, float) ** -0.25
    margins *= max_margin / margins.max()
    out = np.empty_like(z)
    for k in range(z.shape[-1]):
        shifted = scale * z
        shifted[:, k] -= scale * margins[k]
        out[:, k] = -np.log(softmax(shifted)[:, k])
    return out


def hinge(z, variant="crammer_singer", margin=1.0):
    out = np.empty_like(z)
    for k in range(z.shape[-1]):
        others = np.delete(z, k, axis=-1)
        gaps = np.maximum(0, margin + others - z[:, [k]])
        if variant == "one_vs_rest":
            gaps = np.maximum(0, margin + others)
            out[:, k] = gaps.sum(-1) + np.maximum(0, margin - z[:, k])
        else:
            out[:, k] = gaps.max(-1) if variant == "crammer_singer" else gaps.sum(-1)
    return out


def asymmetric(z, gamma_negative=4.0, gamma_positive=0.0, label_smoothing=0.1):
    p, count = softmax(z), z.shape[-1]
    out = np.zeros_like(z)
    for k in range(count):
        for j in range(count):
            smoothed = (j == k) * (1 - label_smoothing) + label_smoothing / count
            weight = (1 - p[:, j]) ** gamma_positive if j == k else p[:, j] ** gamma_negative
            out[:, k] -= smoothed * weight * np.log(p[:, j])
    return out


def bi_tempered(z, t1=0.8, t2=1.2):
    from scipy.optimize import brentq

    def log_t(v, t):
        return (v ** (1 - t) - 1) / (1 - t)

    def exp_t(v, t):
        return np.maximum(1 + (1 - t) * v, 0) ** (1 / (1 - t))

    p = np.empty_like(z)
    for row, scores in enumerate(z):
        total = lambda c, s=scores: exp_t(s - c, t2).sum() - 1  # noqa: E731
        p[row] = exp_t(scores - brentq(total, scores.max(), scores.max() + 1e4, xtol=1e-13), t2)
    constant = (p ** (2 - t1)).sum(-1, keepdims=True) / (2 - t1) - 1 / (2 - t1)
    return -log_t(p, t1) + constant


def margin(z, lower, scale):
    """The losses of cosines of which the true one is lowered."""
    out = np.empty_like(z)
    for k in range(z.shape[-1]):
        shifted = scale * z
        shifted[:, k] = scale * lower(z[:, k])
        out[:, k] = -np.log(softmax(shifted)[:, k])
    return out


def arcface(z, margin_=0.5, scale=8.0):
    def lower(c):
        sine = np.sqrt(np.maximum(1 - c**2, 1e-7))
        turned = c * np.cos(margin_) - sine * np.sin(margin_)
        return np.where(c > -np.cos(margin_), turned, c - margin_ * np.sin(margin_))

    return margin(z, lower, scale)


def cosface(z, margin_=0.35, scale=8.0):
    return margin(z, lambda c: c - margin_, scale)


def soft_target(z, temperature=1.0):
    return -(temperature**2) * np.log(softmax(z / temperature))


def contrastive(embeddings, classes, temperature):
    """The supervised contrastive loss of each row, by loops; NaN without a positive."""
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    out = []
    for i in range(len(units)):
        e = np.exp(units @ units[i] / temperature)
        total = e.sum() - e[i]
        positives = [p for p in range(len(units)) if p != i and classes[p] == classes[i]]
        out.append(np.mean([-np.log(e[p] / total) for p in positives]) if positives else np.nan)
    return np.array(out)
