"""The embedded workloads: length distributions measured on two published traces.

``print(measure_lengths(read_trace(path)))`` prints the figures below for the file named with each;
a test repeats the measurement if the files are at hand. Random samples differ from the files as
follows (a test checks it):

* The means of prompt and output lengths agree within 0.5 %, the standard deviations within 2.5 %,
  and the distribution functions within 0.01 everywhere. The outputs of ``code`` are an exception:
  one in a thousand is between 361 and 1,899 tokens long, and interpolation makes those too long on
  average, so their mean is 3 % and their standard deviation 15 % too large.
* Prompts and outputs are drawn independently. The files' rank correlations are weak (0.17 for
  ``chat``, 0.07, -0.02 and 0.07 for the others) but not 0: the mean of Σ_a (s + a), a request's
  token·rounds, is 2.0 % too small for ``chat``, 7.8 % too large for ``conversation``, 3.6 % too
  large for ``code`` and 6.2 % too small for ``mooncake``. A Gaussian copula was rejected: in
  ``conversation`` the rank correlation is positive and the linear one negative (-0.11: very long
  prompts get short answers), so a copula would make that figure worse.
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
CODE = LengthDistribution(
    rows=8819,
    prompt_mean=2047.85,
    output_mean=27.88,
    rank_correlation=-0.021,
    prompt_quantiles=(
        3, 17, 35, 50, 62, 75, 88, 97, 109, 130, 147, 162, 179, 193, 209, 232, 253, 283, 319, 352,
        385, 423, 469, 501, 539, 578, 604, 651, 698, 745, 770, 816, 848, 880, 908, 938, 969, 997,
        1027, 1049, 1075, 1105, 1133, 1174, 1205, 1261, 1296, 1346, 1377, 1417, 1469, 1500, 1555,
        1600, 1642, 1690, 1724, 1774, 1823, 1874, 1909, 1964, 2024, 2077, 2128, 2164, 2226, 2284,
        2329, 2387, 2433, 2480, 2546, 2615, 2672, 2745, 2805, 2896, 2975, 3066, 3193, 3295, 3452,
        3599, 3714, 3923, 4107, 4320, 4559, 4759, 5194, 5636, 5961, 6194, 6585, 7315, 7431, 7435,
        7436, 7436, 7436, 7437, 7437,
    ),
    output_quantiles=(
        6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9,
        10, 10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 12, 12, 12, 12, 12, 13, 13, 13, 13, 13, 13, 14,
        14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 18, 18, 19, 19, 19, 20, 21, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 31, 32, 34, 37, 39, 42, 45, 48, 52, 55, 60, 65, 72, 79, 90, 105, 128, 172,
        252, 361, 831, 1899,
    ),
)
"""Long prompts of a code editor, answers of a few tokens and, one in a thousand, of up to 1,899.

Measured on ``AzureLLMInferenceTrace_code.csv``: the code service in the Azure LLM inference trace
2023 (AzurePublicDataset, CC-BY; Patel et al., "Splitwise", ISCA 2024).
"""

MOONCAKE = LengthDistribution(
    rows=12031,
    prompt_mean=12035.06,
    output_mean=342.62,
    rank_correlation=0.072,
    prompt_quantiles=(
        891, 894, 896, 897, 899, 901, 904, 909, 919, 936, 964, 1012, 1066, 1119, 1196, 1261, 1324,
        1402, 1479, 1556, 1662, 1772, 1878, 2008, 2137, 2306, 2478, 2670, 2840, 3061, 3263, 3499,
        3709, 3900, 4077, 4250, 4390, 4532, 4700, 4818, 4993, 5138, 5272, 5482, 5687, 5870, 6070,
        6265, 6488, 6687, 6909, 7125, 7402, 7648, 7911, 8187, 8452, 8728, 8951, 9271, 9570, 9872,
        10160, 10498, 10880, 11239, 11613, 11953, 12318, 12689, 13196, 13652, 14018, 14416, 14901,
        15368, 15758, 16229, 16769, 17349, 17869, 18490, 19047, 19775, 20589, 21467, 22665, 23864,
        24832, 26114, 27367, 28672, 30466, 32406, 35011, 39552, 44629, 52219, 66484, 85401, 100886,
        121301, 126195,
    ),
    output_quantiles=(
        1, 3, 3, 5, 8, 10, 13, 15, 18, 21, 24, 27, 30, 34, 39, 46, 56, 66, 79, 90, 100, 111, 122,
        133, 144, 156, 169, 182, 193, 204, 213, 220, 230, 239, 247, 256, 265, 272, 278, 284, 291,
        298, 305, 311, 317, 322, 328, 333, 339, 345, 350, 356, 361, 366, 370, 375, 380, 385, 390,
        395, 399, 403, 408, 413, 418, 423, 427, 432, 438, 443, 447, 452, 457, 461, 466, 472, 477,
        483, 491, 497, 504, 511, 519, 527, 535, 543, 551, 561, 571, 583, 597, 612, 628, 648, 670,
        698, 738, 802, 893, 1120, 1570, 2000, 2000,
    ),
)
"""Prompts of up to 126,195 tokens, answers of up to 2,000: conversations over long documents.

Measured on ``mooncake_conversation_lengths.jsonl``: the conversation trace published with Mooncake
(kvcache-ai/Mooncake, Apache 2.0; Qin et al., FAST 2025). Choose a capacity of 131,072 tokens: a
smaller cache does not hold the longest prompts, and their requests are left out.
"""
# fmt: on

EMBEDDED: Mapping[str, LengthDistribution] = MappingProxyType(
    {"chat": CHAT, "conversation": CONVERSATION, "code": CODE, "mooncake": MOONCAKE}
)
"""The embedded workloads by name."""
