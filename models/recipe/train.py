# SPDX-License-Identifier: Apache-2.0
"""Train a tiny model on generated questions on a CPU, for a budget of CPU seconds."""
import argparse
import json
import random
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import model

ROW = 64  # tokens; several questions are packed into a row
PROMPT_WEIGHT = 0.1  # of a question's tokens in the loss; an answer's tokens count 1


def batch(rng, rows):
    """Pack questions into rows: inputs, positions, segments, targets and loss weights."""
    ids = np.full((rows, ROW + 1), data.PAD, np.int32)
    positions = np.zeros_like(ids)
    segments = np.full_like(ids, -1)
    weights = np.zeros(ids.shape, np.float32)
    for row in range(rows):
        at = segment = misses = 0
        while misses < 3:
            _, _, question, answer = data.example(rng)
            prompt = data.prompt_ids(question)
            tokens = prompt + data.encode(answer) + [data.EOS]
            end = at + len(tokens)
            if end > ROW + 1:
                misses += 1
                continue
            ids[row, at:end], positions[row, at:end], segments[row, at:end] = tokens, np.arange(len(tokens)), segment
            weights[row, at + 2 : end] = PROMPT_WEIGHT
            weights[row, at + len(prompt) : end] = 1
            at, segment = end, segment + 1
    return ids[:, :-1], positions[:, :-1], segments[:, :-1], ids[:, 1:], weights[:, 1:]


def orthogonal(gradient):
    """Five Newton-Schulz steps towards the nearest orthogonal matrix, as in Muon (Jordan et al. 2024)."""
    x = gradient / (jnp.linalg.norm(gradient) + 1e-7)
    wide = x if x.shape[0] <= x.shape[1] else x.T
    for _ in range(5):
        square = wide @ wide.T
        wide = 3.4445 * wide + (-4.7750 * square + 2.0315 * square @ square) @ wide
    return wide if x.shape[0] <= x.shape[1] else wide.T


def muon(p, g, m, v, t, rate):
    m = 0.95 * m + g
    step = orthogonal(g + 0.95 * m) * max(1, p.shape[1] / p.shape[0]) ** 0.5
    return p * (1 - 0.05 * rate) - rate * step, m, v


def adam(p, g, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * g, 0.98 * v + 0.02 * g * g
    return p - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.98**t)) + 1e-8), m, v


def make_step(heads, muon_rate, adam_rate):
    """A jitted update: Muon for the matrices of the blocks, Adam for embeddings and norms."""

    def loss(weights, ids, positions, segments, targets, importance):
        likelihood = jax.nn.log_softmax(model.logits(weights, ids, positions, segments, heads))
        picked = jnp.take_along_axis(likelihood, targets[..., None], -1)[..., 0]
        return -(picked * importance).sum() / importance.sum()

    def update(path, p, g, m, v, t, schedule):
        is_matrix = p.ndim == 2 and "emb" not in str(path)
        return muon(p, g, m, v, t, muon_rate * schedule) if is_matrix else adam(p, g, m, v, t, adam_rate * schedule)

    @jax.jit
    def step(weights, first, second, t, schedule, packed):
        value, gradient = jax.value_and_grad(loss)(weights, *packed)
        new = jax.tree_util.tree_map_with_path(
            lambda path, p, g, m, v: update(path, p, g, m, v, t, schedule), weights, gradient, first, second)
        return (*(jax.tree.map(lambda x, i=i: x[i], new, is_leaf=lambda x: isinstance(x, tuple)) for i in range(3)), value)

    return step


def make_accuracy(heads):
    """The share of test questions whose answer tokens are all the likeliest ones, which is greedy decoding."""
    questions = data.test_set()
    ids = np.full((len(questions), ROW + 1), data.PAD, np.int32)
    judged = np.zeros(ids.shape, bool)
    for row, (_, _, question, answer) in enumerate(questions):
        prompt = data.prompt_ids(question)
        tokens = prompt + data.encode(answer) + [data.EOS]
        ids[row, : len(tokens)] = tokens
        judged[row, len(prompt) : len(tokens)] = True
    positions = np.broadcast_to(np.arange(ROW), (len(questions), ROW))
    one_segment = np.zeros(positions.shape, np.int32)

    @jax.jit
    def accuracy(weights):
        best = model.logits(weights, ids[:, :-1], positions, one_segment, heads).argmax(-1)
        return ((best == ids[:, 1:]) | ~judged[:, 1:]).all(-1).mean()

    return accuracy


def schedule_at(step, done):
    """Warm up for 40 steps, hold, fall to zero over the last 40 % of the budget."""
    return min(1, step / 40) * min(1, max(0.0, 1 - done) / 0.4)


def train(args):
    config = {"d": args.d, "L": args.layers, "H": args.heads, "FF": args.ff, "eps": model.EPSILON,
              "base": model.ROPE_BASE, "nv": data.VOCABULARY}
    weights = model.load(args.init)[0] if args.init else model.init(np.random.default_rng(args.seed), config)
    first, second = jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)
    step, accuracy = make_step(args.heads, args.muon_rate, args.adam_rate), make_accuracy(args.heads)
    rng, start, told, count, done = random.Random(args.seed), time.process_time(), 0.0, 0, 0.0
    while done < 1:
        count += 1
        schedule = schedule_at(count, done)
        weights, first, second, value = step(weights, first, second, count, schedule, batch(rng, args.rows))
        value.block_until_ready()
        spent = time.process_time() - start
        done = spent / args.cpu_seconds
        if spent - told > 60 or done >= 1:
            told = spent
            print(json.dumps({"cpu_s": round(spent), "step": count, "loss": round(float(value), 4),
                              "accuracy": round(float(accuracy(weights)), 4)}), flush=True)
            model.save(args.out, weights, config)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="the weights, an .npz file")
    parser.add_argument("--d", type=int, required=True, help="width")
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--ff", type=int, required=True, help="feed-forward width")
    parser.add_argument("--cpu-seconds", type=float, default=300)
    parser.add_argument("--init", help="weights to continue from")
    parser.add_argument("--rows", type=int, default=40, help="of a batch")
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
