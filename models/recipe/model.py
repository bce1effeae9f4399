# SPDX-License-Identifier: Apache-2.0
"""A Llama decoder in JAX: RMSNorm, rotary positions on adjacent pairs, SwiGLU, tied embeddings."""
import json

import jax
import jax.numpy as jnp
import numpy as np

EPSILON, ROPE_BASE = 1e-5, 10000.0
BLOCK = ("an", "q", "k", "v", "o", "fn", "g", "u", "dn")  # attention norm and projections, feed-forward norm and matrices


def init(rng, config):
    """Draw the weights of {"d", "L", "H", "FF", "nv"}: width, layers, heads, feed-forward width, vocabulary."""
    d, ff = config["d"], config["FF"]

    def matrix(rows, columns, scale=1.0):
        return jnp.asarray(rng.normal(0, scale / rows**0.5, (rows, columns)), jnp.float32)

    def block():
        return {"an": jnp.ones(d), "q": matrix(d, d), "k": matrix(d, d), "v": matrix(d, d), "o": matrix(d, d, 0.3),
                "fn": jnp.ones(d), "g": matrix(d, ff), "u": matrix(d, ff), "dn": matrix(ff, d, 0.3)}

    embedding = jnp.asarray(rng.normal(0, 0.05, (config["nv"], d)), jnp.float32)
    return {"emb": embedding, "on": jnp.ones(d), "b": [block() for _ in range(config["L"])]}


def norm(x, weight):
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * weight


def rotate(x, positions):
    """Rotate adjacent pairs, llama.cpp's rope type NORM, so that the export permutes nothing."""
    half = x.shape[-1] // 2
    angle = positions[..., None] * ROPE_BASE ** (-jnp.arange(half) / half)
    cos, sin = jnp.cos(angle)[:, :, None], jnp.sin(angle)[:, :, None]
    pairs = x.reshape(*x.shape[:-1], half, 2)
    a, b = pairs[..., 0], pairs[..., 1]
    return jnp.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)


def attention(block, x, positions, bias, heads):
    batch, length, d = x.shape
    split = (batch, length, heads, d // heads)
    q = rotate((x @ block["q"]).reshape(split), positions)
    k = rotate((x @ block["k"]).reshape(split), positions)
    scores = jnp.einsum("bihd,bjhd->bhij", q, k) * (d // heads) ** -0.5 + bias
    mixed = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores, -1), (x @ block["v"]).reshape(split))
    return mixed.reshape(batch, length, d) @ block["o"]


def logits(weights, ids, positions, segments, heads):
    """Next-token logits; a token sees earlier tokens of its own segment (question) only."""
    length = ids.shape[1]
    causal = jnp.arange(length)[:, None] >= jnp.arange(length)[None, :]
    same = segments[:, :, None] == segments[:, None, :]
    bias = jnp.where(same & causal, 0.0, -1e9)[:, None]
    x = weights["emb"][ids]
    for block in weights["b"]:
        x = x + attention(block, norm(x, block["an"]), positions, bias, heads)
        h = norm(x, block["fn"])
        x = x + (jax.nn.silu(h @ block["g"]) * (h @ block["u"])) @ block["dn"]
    return norm(x, weights["on"]) @ weights["emb"].T


def save(path, weights, config):
    flat = {"emb": weights["emb"], "on": weights["on"]}
    for i, block in enumerate(weights["b"]):
        flat.update({f"b{i}.{name}": block[name] for name in BLOCK})
    np.savez(path, cfg=json.dumps(config), **{name: np.asarray(x) for name, x in flat.items()})


def load(path):
    """Return (weights, config)."""
    stored = np.load(path)
    config = json.loads(str(stored["cfg"]))
    blocks = [{name: jnp.asarray(stored[f"b{i}.{name}"]) for name in BLOCK} for i in range(config["L"])]
    return {"emb": jnp.asarray(stored["emb"]), "on": jnp.asarray(stored["on"]), "b": blocks}, config
