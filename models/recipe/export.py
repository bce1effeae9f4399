# SPDX-License-Identifier: Apache-2.0
"""Write trained weights as a GGUF file (F32) that llama.cpp loads."""
import argparse
import json
import pathlib

import gguf
import numpy as np

import data

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ '<|system|>' + m.content }}"
    "{% elif m.role == 'user' %}{{ '<|user|>' + m.content }}"
    "{% elif m.role == 'assistant' %}{{ '<|assistant|>' + m.content + '</s>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")
TENSORS = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "g": "ffn_gate", "u": "ffn_up", "dn": "ffn_down"}


def byte_letters():
    """The printable stand-ins of the 256 bytes in GPT-2's vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in plain}
    rest = (byte for byte in range(256) if byte not in letters)
    letters.update({byte: chr(256 + i) for i, byte in enumerate(rest)})
    return letters


def add_vocabulary(writer):
    kind, letters = gguf.TokenType, byte_letters()
    tokens = data.SPECIALS + [letters[byte] for byte in range(256)] + data.PHRASES
    types = [kind.UNKNOWN] + [kind.CONTROL] * 6 + [kind.UNUSED] + [kind.NORMAL] * 256
    types += [kind.USER_DEFINED] * len(data.PHRASES)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(["\u0100 \u0100"])  # an empty list does not load
    writer.add_bos_token_id(data.BOS)
    writer.add_eos_token_id(data.EOS)
    writer.add_pad_token_id(data.PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def add_shape(writer, config):
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(512)
    writer.add_embedding_length(config["d"])
    writer.add_block_count(config["L"])
    writer.add_feed_forward_length(config["FF"])
    writer.add_head_count(config["H"])
    writer.add_head_count_kv(config["H"])
    writer.add_layer_norm_rms_eps(config["eps"])
    writer.add_rope_dimension_count(config["d"] // config["H"])
    writer.add_rope_freq_base(config["base"])
    writer.add_vocab_size(config["nv"])


def add_weights(writer, stored, layers):
    def put(name, x):
        writer.add_tensor(name, np.ascontiguousarray(x, np.float32))

    put("token_embd.weight", stored["emb"])  # also the output matrix, which is left out therefore
    put("output_norm.weight", stored["on"])
    for i in range(layers):
        put(f"blk.{i}.attn_norm.weight", stored[f"b{i}.an"])
        put(f"blk.{i}.ffn_norm.weight", stored[f"b{i}.fn"])
        for ours, theirs in TENSORS.items():
            put(f"blk.{i}.{theirs}.weight", stored[f"b{i}.{ours}"].T)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="the .npz of train.py")
    parser.add_argument("out", help="the .gguf to write")
    args = parser.parse_args()
    stored = np.load(args.weights)
    config = json.loads(str(stored["cfg"]))
    writer = gguf.GGUFWriter(args.out, "llama")
    writer.add_name(pathlib.Path(args.out).stem)
    add_shape(writer, config)
    add_vocabulary(writer)
    add_weights(writer, stored, config["L"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
