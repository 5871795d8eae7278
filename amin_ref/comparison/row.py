"""All metrics of one policy's schedule, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.comparison.metrics import (
    all_times,
    goodput,
    mean,
    percentile,
    recomputed_share,
    throughput,
    wasted_share,
)
from amin_ref.model.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """The metrics of one policy's schedule, each defined in ``proofs_notes/metrics.md``.

    A percentile pNN is by nearest rank: the least value that at least NN % of the requests do not
    exceed. Without requests, times and counts are 0.

    Attributes:
        policy: name of the policy.
        requests: number of requests.
        total_latency: Σ (completion − arrival); request·rounds.
        mean_latency: total latency / requests; rounds.
        median_latency: middle latency, or the mean of the middle two; rounds.
        p50_latency: 50th percentile; rounds.
        p90_latency: 90th percentile; rounds.
        p99_latency: 99th percentile; rounds.
        mean_ttft: mean time from arrival to the first token that no eviction takes back; rounds.
        p50_ttft: 50th percentile of it; rounds.
        p90_ttft: 90th percentile of it; rounds.
        p99_ttft: 99th percentile of it; rounds.
        mean_first_token_ever: mean time from arrival to the first token of any run, also one that
            an eviction loses; rounds.
        mean_queueing: mean time that a request waits, before its first run and after evictions;
            rounds.
        p50_queueing: 50th percentile of it; rounds.
        p90_queueing: 90th percentile of it; rounds.
        p99_queueing: 99th percentile of it; rounds.
        mean_tpot: mean time per output token after the first token ever, over requests of at least
            two tokens; rounds a token. ``None`` when no request has two.
        p50_tpot: 50th percentile of it; rounds a token, or ``None``.
        p90_tpot: 90th percentile of it; rounds a token, or ``None``.
        p99_tpot: 99th percentile of it; rounds a token, or ``None``.
        mean_normalized_latency: mean of latency / output length; rounds a token.
        makespan: the round in which the last run stops.
        throughput: output tokens of completed answers a round, from the earliest arrival to the
            last completion.
        goodput: share of requests whose latency is at most the stated one, in [0, 1]; ``None`` when
            none is stated.
        requests_queued: requests that wait at least one round before their first run.
        evictions: number of evicted runs.
        wasted_tokens: tokens generated in evicted runs; 0 where evicted requests resume.
        wasted_share: wasted tokens / all generated tokens, in [0, 1).
        recomputed_tokens: tokens of prefixes computed in runs after a request's first.
        recomputed_share: recomputed tokens / all computed tokens, in [0, 1).
        mean_occupancy: tokens of cache held, on average over rounds 0 to makespan − 1.
        peak_occupancy: most tokens of cache held in a round.
        ratio_to_best: total latency / the least total latency in the comparison; at least 1.
        ratio_to_bound: total latency / lower bound; ``None`` when no positive bound is given. The
            ratio to the optimum is at most this number.
    """

    policy: str
    requests: int
    total_latency: int
    mean_latency: float
    median_latency: float
    p50_latency: int
    p90_latency: int
    p99_latency: int
    mean_ttft: float
    p50_ttft: int
    p90_ttft: int
    p99_ttft: int
    mean_first_token_ever: float
    mean_queueing: float
    p50_queueing: int
    p90_queueing: int
    p99_queueing: int
    mean_tpot: float | None
    p50_tpot: float | None
    p90_tpot: float | None
    p99_tpot: float | None
    mean_normalized_latency: float
    makespan: int
    throughput: float
    goodput: float | None
    requests_queued: int
    evictions: int
    wasted_tokens: int
    wasted_share: float
    recomputed_tokens: int
    recomputed_share: float
    mean_occupancy: float
    peak_occupancy: int
    ratio_to_best: float
    ratio_to_bound: float | None

    @classmethod
    def of(
        cls,
        policy: str,
        schedule: Schedule,
        *,
        best: int | None = None,
        lower_bound: int | None = None,
        slo: float | None = None,
    ) -> ComparisonRow:
        """The metrics of ``schedule``.

        Args:
            policy: name of the policy that made it.
            schedule: a valid schedule.
            best: the least total latency in the comparison; request·rounds. The schedule's own by
                default.
            lower_bound: proven: no schedule has a smaller total latency; request·rounds.
            slo: the latency that goodput counts requests within; rounds.

        Raises:
            InvalidValue: a request never completes (see :func:`amin_ref.check`).
        """
        times = all_times(schedule)
        latencies, ttfts, queueing = times.latencies, times.to_first_token, times.queueing
        tpots = times.per_output_token
        total = schedule.total_latency
        return cls(
            policy=policy,
            requests=len(latencies),
            total_latency=total,
            mean_latency=schedule.mean_latency,
            median_latency=schedule.median_latency,
            p50_latency=_percentile_or_0(latencies, 50),
            p90_latency=_percentile_or_0(latencies, 90),
            p99_latency=schedule.p99_latency,
            mean_ttft=mean(ttfts),
            p50_ttft=_percentile_or_0(ttfts, 50),
            p90_ttft=_percentile_or_0(ttfts, 90),
            p99_ttft=_percentile_or_0(ttfts, 99),
            mean_first_token_ever=mean(times.to_first_token_ever),
            mean_queueing=mean(queueing),
            p50_queueing=_percentile_or_0(queueing, 50),
            p90_queueing=_percentile_or_0(queueing, 90),
            p99_queueing=_percentile_or_0(queueing, 99),
            mean_tpot=mean(tpots) if tpots else None,
            p50_tpot=percentile(tpots, 50) if tpots else None,
            p90_tpot=percentile(tpots, 90) if tpots else None,
            p99_tpot=percentile(tpots, 99) if tpots else None,
            mean_normalized_latency=mean(times.normalized),
            makespan=schedule.makespan,
            throughput=throughput(schedule),
            goodput=None if slo is None else goodput(latencies, slo),
            requests_queued=times.queued,
            evictions=schedule.evictions,
            wasted_tokens=schedule.wasted_tokens,
            wasted_share=wasted_share(schedule),
            recomputed_tokens=schedule.recomputed_tokens,
            recomputed_share=recomputed_share(schedule),
            mean_occupancy=schedule.mean_occupancy,
            peak_occupancy=schedule.peak_occupancy,
            ratio_to_best=total / best if best else 1.0,
            ratio_to_bound=total / lower_bound if lower_bound else None,
        )


def _percentile_or_0(values: list[int], percent: int) -> int:
    return percentile(values, percent) if values else 0
