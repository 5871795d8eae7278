"""The embedded workloads: length distributions measured on two published traces.

``print(measure_lengths(read_trace(path)))`` prints the figures below for the file named with each;
a test repeats the measurement if the files are at hand. Random samples differ from the files as
follows (a test checks it):

* The means of prompt and output lengths agree within 0.5 %, the standard deviations within 2.5 %,
  and the distribution functions within 0.01 everywhere.
* Prompts and outputs are drawn independently. The files' rank correlations are weak (0.17 and 0.07)
  but not 0: the mean of Σ_a (s + a), a request's token·rounds, is 2.0 % too small for ``chat`` and
  7.8 % too large for ``conversation``. A Gaussian copula was rejected: in ``conversation`` the rank
  correlation is positive and the linear one negative (-0.11: very long prompts get short answers),
  so a copula would make that figure worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from amin_ref.workloads.distribution import LengthDistribution

# fmt: off
CHAT = LengthDistribution(
    rows=99849,
    prompt_mean=59.05,
    output_mean=159.93,
    rank_correlation=0.172,
    prompt_quantiles=(
        1, 1, 1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 10, 10, 10, 11,
        11, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 21, 21, 22,
        23, 23, 24, 25, 25, 26, 27, 29, 30, 31, 33, 35, 37, 39, 41, 44, 46, 49, 51, 52, 55, 59, 62,
        63, 65, 66, 69, 74, 80, 86, 93, 101, 111, 121, 133, 145, 160, 174, 190, 206, 220, 232, 245,
        260, 282, 317, 365, 416, 444, 484, 499,
    ),
    output_quantiles=(
        1, 1, 1, 1, 1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 18, 20, 22, 24, 26, 28, 31, 34, 36,
        39, 42, 44, 47, 50, 53, 56, 59, 62, 66, 69, 72, 75, 79, 82, 86, 89, 93, 97, 101, 106, 110,
        115, 120, 125, 129, 134, 139, 144, 148, 153, 158, 163, 168, 172, 177, 182, 187, 192, 196,
        201, 206, 211, 216, 221, 226, 231, 236, 242, 248, 254, 259, 265, 272, 279, 286, 293, 301,
        309, 318, 327, 337, 347, 358, 370, 383, 398, 415, 434, 454, 477, 503, 531, 562, 580, 595,
        599,
    ),
)
"""Short questions, answers of up to 599 tokens.

Measured on ``lmsys_chat_lengths.csv``: lengths of a sample of LMSYS-Chat-1M (Zheng et al., ICLR
2024), prompts under 500 and answers under 600 tokens, as published with the WAIT simulator
(vidur_or, MIT licence); 151 of its 100,000 rows have an empty prompt or answer and do not count.
"""

CONVERSATION = LengthDistribution(
    rows=19366,
    prompt_mean=1154.7,
    output_mean=211.13,
    rank_correlation=0.073,
    prompt_quantiles=(
        2, 29, 91, 161, 181, 181, 191, 197, 201, 203, 207, 212, 222, 242, 317, 372, 375, 378, 381,
        384, 387, 390, 392, 394, 395, 396, 398, 399, 400, 402, 403, 405, 406, 408, 411, 414, 419,
        424, 433, 456, 703, 863, 903, 946, 972, 984, 994, 1002, 1009, 1014, 1020, 1025, 1031, 1036,
        1041, 1045, 1050, 1055, 1060, 1065, 1071, 1076, 1081, 1086, 1092, 1097, 1102, 1109, 1116,
        1122, 1130, 1139, 1147, 1160, 1171, 1189, 1215, 1249, 1311, 1314, 1315, 1321, 1369, 1508,
        1690, 1877, 2032, 2221, 2402, 2584, 2735, 3292, 4073, 4076, 4079, 4083, 4086, 4090, 4098,
        4142, 4831, 6212, 14050,
    ),
    output_quantiles=(
        7, 16, 24, 32, 38, 41, 44, 47, 49, 52, 54, 57, 59, 62, 64, 67, 69, 71, 73, 75, 77, 79, 81,
        82, 84, 85, 86, 87, 89, 90, 91, 92, 93, 94, 95, 96, 97, 99, 100, 101, 103, 105, 107, 108,
        110, 113, 116, 118, 122, 125, 129, 133, 137, 141, 145, 151, 156, 161, 163, 169, 177, 182,
        190, 202, 216, 217, 237, 371, 375, 378, 384, 387, 390, 393, 394, 395, 396, 396, 397, 398,
        400, 402, 404, 407, 410, 411, 414, 415, 417, 420, 424, 428, 429, 433, 442, 451, 468, 509,
        540, 601, 644, 954, 1000,
    ),
)
"""Long prompts, answers of up to 1,000 tokens.

Measured on ``AzureLLMInferenceTrace_conv.csv``: the conversation service in the Azure LLM inference
trace 2023 (AzurePublicDataset, CC-BY; Patel et al., "Splitwise", ISCA 2024).
"""
# fmt: on

EMBEDDED: Mapping[str, LengthDistribution] = MappingProxyType(
    {"chat": CHAT, "conversation": CONVERSATION}
)
"""The embedded workloads by name."""
