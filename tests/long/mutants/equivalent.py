"""Faults that do not change what the code does, so that no test can fail; each with its reason."""

# ruff: noqa: E501 - a fault's name is as long as the code that it changes

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A fault by its name, and why it changes nothing that the specification defines."""

    fault: str
    why: str


_BY_REASON: dict[str, tuple[str, ...]] = {
    "a job's run is written down when it is admitted, before anything reads it": (
        "amin_ref/policies/lookahead.py::: 0 -> 1 #1",
        "amin_ref/policies/lookahead.py::: 0 -> -1 #1",
        "amin_ref/policies/lookahead.py::: 0 -> 1 #2",
        "amin_ref/policies/lookahead.py::: 0 -> -1 #2",
    ),
    "any rank is as good, if all have the same": (
        "amin_ref/conformance/waiting.py::: 0.0 -> 1.0 #1",
        "amin_ref/conformance/waiting.py::: 0.0 -> -1.0 #1",
        "amin_ref/conformance/waiting.py::: 0 -> 1 #1",
        "amin_ref/conformance/waiting.py::: 0 -> -1 #1",
    ),
    "every round begins with begin_round, which sets it before anything reads it": (
        "amin_ref/policies/lookahead.py::Batch.__init__: self._now = 0 -> (nothing) #1",
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> 1 #1",
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> -1 #1",
    ),
    "how long the first plan is; it is laid out anew when it is too short": (
        "amin_ref/policies/lookahead.py::: 64 -> 65 #1",
        "amin_ref/policies/lookahead.py::: 64 -> 63 #1",
    ),
    "the first plan is all zeros, so it may begin in any round that is not after the first": (
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> -1 #2",
    ),
    "where they are equal the plan has no round left, and _coming lays an empty one out anew just as well": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: now - self._planned_from >= len(self._planned) -> now - self._planned_from > len(self._planned) #1",
    ),
    "only the first entry of the view is used": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: 1 -> 2 #2",
        "amin_ref/policies/lookahead.py::Batch.overflows: 1 -> 2 #1",
    ),
    "the view has one entry: the first is the last": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: 0 -> -1 #3",
        "amin_ref/policies/lookahead.py::Batch.overflows: 0 -> -1 #1",
    ),
    "a look at the last round alone that saves time where it fails; all rounds are looked at after it": (
        "amin_ref/policies/lookahead.py::Batch.fits: job.prompt_len + job.assumed -> job.prompt_len - job.assumed #1",
        "amin_ref/policies/lookahead.py::Batch.fits: job.prompt_len + job.assumed -> job.prompt_len #1",
        "amin_ref/policies/lookahead.py::Batch.fits: if planned[-1] + at_the_end > self._capacity: … -> (nothing) #1",
        "amin_ref/policies/lookahead.py::Batch.fits: planned[-1] + at_the_end -> planned[-1] - at_the_end #1",
        "amin_ref/policies/lookahead.py::Batch.fits: planned[-1] + at_the_end -> planned[-1] #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: prompt_len + assumed -> prompt_len - assumed #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: prompt_len + assumed -> prompt_len #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: if self._planned[offset + assumed - 1] + at_the_end > self._capacity: … -> (nothing) #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: self._planned[offset + assumed - 1] + at_the_end -> self._planned[offset + assumed - 1] - at_the_end #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: self._planned[offset + assumed - 1] + at_the_end -> self._planned[offset + assumed - 1] #1",
    ),
    "only whether it is true matters, and mypy refuses it": (
        "oracle/journal.py::_is_alike: return False -> return None #1",
        "amin_ref/policies/lookahead.py::Batch.fits: return False -> return None #1",
        "amin_ref/model/schedule.py::_is_one_document: return False -> return None #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: return False -> return None #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: return False -> return None #2",
    ),
    "where they are equal no round is left, and nothing is taken from none": (
        "amin_ref/policies/lookahead.py::Batch.remove: left > 0 -> left >= 0 #1",
        "amin_ref/conformance/plan.py::PlanByRound.remove: left > 0 -> left >= 0 #1",
    ),
    "with none left, nothing is taken from none": (
        "amin_ref/policies/lookahead.py::Batch.remove: 0 -> -1 #1",
        "amin_ref/conformance/plan.py::PlanByRound.remove: 0 -> -1 #1",
    ),
    "the plan is laid out anew one round before it has to be": (
        "amin_ref/policies/lookahead.py::Batch._coming: offset + rounds > len(self._planned) -> offset + rounds >= len(self._planned) #1",
    ),
    "how much longer the new plan is than it has to be": (
        "amin_ref/policies/lookahead.py::Batch._coming: 2 -> 3 #1",
        "amin_ref/policies/lookahead.py::Batch._coming: 2 -> 1 #1",
    ),
    "another random order, no better and no worse": (
        "amin_ref/policies/ties.py::Shuffled.rank: '/' -> 'XX/' #1",
    ),
    "numpy's default for whole numbers, which is 64 bits wherever this is tested": (
        "amin_ref/model/blocks.py::occupied_by_round: np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64) -> np.arange(tokens + 1, tokens + rounds + 1) #1",
        "amin_ref/conformance/plan.py::PlanByRound._growth: np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64) -> np.arange(tokens + 1, tokens + rounds + 1) #1",
    ),
    "rounding to blocks of one token changes nothing; it only takes time": (
        "amin_ref/model/blocks.py::occupied_by_round: if block_size == 1: … -> (nothing) #1",
        "amin_ref/model/blocks.py::occupied_by_round: 1 -> 0 #3",
        "amin_ref/conformance/plan.py::PlanByRound._growth: self._block_size > 1 -> self._block_size >= 1 #1",
        "amin_ref/conformance/plan.py::PlanByRound._growth: 1 -> 0 #3",
    ),
    "what arrives before the present round has arrived: the next arrival is never earlier than now": (
        "amin_ref/simulator/simulation.py::_Simulation.step: max(self.now, self._arrival_rounds[-1]) -> self._arrival_rounds[-1] #1",
    ),
    "if no request runs, waits or is still to arrive, all have completed, and the simulation has ended before": (
        "amin_ref/simulator/simulation.py::_Simulation._refuse_idleness: bool(self._waiting) and (not self._cache.running) and (not self._arrival_rounds) -> not self._cache.running and (not self._arrival_rounds) #1",
    ),
    "a Schedule keeps its runs in order of start and, for one request, of stop; the checker does not rely on it": (
        "amin_ref/checker.py::check: sorted(runs_by_request[request.id], key=lambda run: (run.start, run.stop)) -> list(runs_by_request[request.id]) #1",
    ),
    "no run starts before round 0, since Run refuses it": (
        "amin_ref/checker.py::_in_time: 0 -> -1 #1",
    ),
    "the search is for the first round that is over, and there is one before; where it ends does not matter": (
        "amin_ref/checker.py::_within_capacity: following - 1 -> following + 1 #2",
        "amin_ref/checker.py::_within_capacity: following - 1 -> following #2",
        "amin_ref/checker.py::_within_capacity: 1 -> 0 #2",
    ),
    "no run is looked at with it before the first has set it, to 1 or more": (
        "amin_ref/model/schedule.py::Schedule._busy_periods: 0 -> 1 #1",
        "amin_ref/model/schedule.py::Schedule._busy_periods: 0 -> -1 #1",
    ),
    "two stretches that touch are laid out as one: the same tokens in the same rounds": (
        "amin_ref/model/schedule.py::Schedule._busy_periods: run.start >= stop -> run.start > stop #1",
    ),
    "floating point is exact up to 2**53, beyond which no number of tokens is taken; what leaves it becomes whole again": (
        "amin_ref/model/schedule.py::Schedule._held: np.zeros(stop - first, dtype=np.int64) -> np.zeros(stop - first) #1",
    ),
    "only the text before the first line end is used": (
        "amin_ref/model/schedule.py::read_schedule: 1 -> 2 #1",
    ),
    "no request is compared with it before the first has set it, to 1 or more": (
        "amin_ref/conformance/busy_periods.py::busy_periods: 0 -> 1 #1",
        "amin_ref/conformance/busy_periods.py::busy_periods: 0 -> -1 #1",
    ),
    "two stretches that touch are replayed as one: the same rounds with the same running and waiting": (
        "amin_ref/conformance/busy_periods.py::busy_periods: request.arrival >= stop -> request.arrival > stop #1",
    ),
    "floating point is exact up to 2**53, beyond which no number of tokens is taken": (
        "amin_ref/conformance/plan.py::PlanByRound.__init__: np.zeros(rounds, dtype=np.int64) -> np.zeros(rounds) #1",
    ),
    "a copy that is needed only where an eviction changes what is copied": (
        "amin_ref/conformance/replay.py::_Replay._event: dict(self._running) if evicted else self._running -> dict(self._running) #1",
    ),
    "with one round left it is the present one, in which the tokens held are checked and not the plan": (
        "amin_ref/conformance/plan.py::PlanByRound.remove: 0 -> 1 #1",
    ),
    "no part of the plan exceeds the cache but what those just admitted have added, else the replay had ended before": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 - self._first:now + rounds - self._first -> :now + rounds - self._first #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 - self._first:now + rounds - self._first -> now + 1 - self._first: #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + rounds - self._first -> now + rounds + self._first #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + rounds - self._first -> now + rounds #1",
        "amin_ref/conformance/replay.py::_Replay._judge_admissions:  for r in admitted if r not in overtaking ->  for r in admitted #1",
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: 0 -> 1 #1",
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: 0 -> -1 #1",
    ),
    "what is planned for the present round is at most what is held in it, which is looked at": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 -> now #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: 1 -> 0 #1",
    ),
    "only valid schedules are replayed: what is held in the present round fits": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: holding > self._capacity or (ahead.size > 0 and int(ahead.max()) > self._capacity) -> ahead.size > 0 and int(ahead.max()) > self._capacity #1",
    ),
    "Python's integers where 64 bits would do: the same numbers, more slowly": (
        "oracle/certificate.py::Share.counted: 'int64' if largest < 2 ** 62 else 'object' -> 'object' #1",
        "oracle/certificate.py::Share.counted: 2 ** 62 -> 2 * 62 #1",
        "oracle/certificate.py::Share.counted: 2 ** 62 -> 2 #1",
        "oracle/certificate.py::Share.counted: 2 -> 1 #1",
    ),
    "Python's integers in more or fewer of the cases in which 64 bits are just enough: the sum has one more bit to go, and what is dropped or changed is at most a few thousand": (
        "oracle/certificate.py::Share.counted: self.limit + self.places * (self.ignored + output_len + len(ages)) + free -> self.limit + self.places * (self.ignored + output_len + len(ages)) - free #1",
        "oracle/certificate.py::Share.counted: self.limit + self.places * (self.ignored + output_len + len(ages)) + free -> self.limit + self.places * (self.ignored + output_len + len(ages)) #1",
        "oracle/certificate.py::Share.counted: largest < 2 ** 62 -> largest <= 2 ** 62 #1",
        "oracle/certificate.py::Share.counted: 62 -> 63 #1",
        "oracle/certificate.py::Share.counted: 62 -> 61 #1",
    ),
    "room of -1 in place of 0: the limit is then one more than most, which is at most the limit, and the least of them counts": (
        "oracle/certificate.py::Share.counted: 0 -> -1 #1",
    ),
    "no stretch begins before round 0": (
        "oracle/certificate.py::Certificate.__post_init__: 0 -> -1 #1",
    ),
    "the certificate that is built refuses it in the same words": (
        "oracle/certificate.py::Certificate.from_json: 1 -> 0 #1",
    ),
    "shares without a price, which add nothing": (
        "oracle/certificate.py::_gain:  for share in stretch.shares if any(share.multipliers) ->  for share in stretch.shares #1",
    ),
    "numpy takes any negative number for the length that it works out": (
        "oracle/certificate.py::_sums_to_the_end: 1 -> 2 #1",
    ),
    "more zeros behind the end, which add nothing": (
        "oracle/certificate.py::_sums_to_the_end: min(step, len(values)) -> step #1",
        "oracle/certificate.py::_sums_to_the_end: -len(values) // step -> -len(values) * step #1",
        "oracle/certificate.py::_sums_to_the_end: -len(values) // step -> -len(values) #1",
    ),
    "without requests all have completed before a limit is looked at": (
        "amin_ref/simulator/simulation.py::simulate: 0 -> 1 #1",
        "amin_ref/simulator/simulation.py::simulate: 0 -> -1 #1",
    ),
    "the machine begins with a jump to the first arrival": (
        "amin_ref/simulator/simulation.py::_Simulation.__init__: 0 -> -1 #1",
    ),
    "space after the last round for assumed lengths; only assumed lengths are written there": (
        "amin_ref/conformance/replay.py::_Replay.__init__: max(self._assumed[request.id], request.output_len) -> self._assumed[request.id] #1",
    ),
    "a longer look-ahead: the running requests have been found to fit in those rounds before": (
        "amin_ref/conformance/replay.py::_Replay._judge_admissions:  for r in admitted if r not in overtaking ->  for r in admitted #2",
    ),
    "names that come twice, as the keys of one dictionary": (
        "amin_ref/conformance/replay.py::_Replay._state:  for r in admitted if r not in self._waiting ->  for r in admitted #1",
    ),
    "only saves time: without requests to judge, nothing is found": (
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: if not admitted and (not self._waiting): … -> (nothing) #1",
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: not admitted -> admitted #1",
    ),
    "an admitted request has waited, so without waiting requests there are no admitted ones": (
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: not admitted and (not self._waiting) -> not self._waiting #1",
    ),
    "no request is overtaken if none is left waiting": (
        "amin_ref/conformance/replay.py::_Replay._judge_admissions: stopped_at is not None and overtaking -> overtaking #1",
    ),
    "where there is no round between, none is checked": (
        "amin_ref/conformance/replay.py::_Replay._quiet: self._waiting.first() if first < stop else None -> self._waiting.first() #1",
        "amin_ref/conformance/replay.py::_Replay._quiet: first < stop -> first <= stop #1",
    ),
    "room only saves rounds that need no check; in each round that is checked, every request is added up": (
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: self._capacity - self.occupied(prompt_len + 1) -> self._capacity + self.occupied(prompt_len + 1) #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: self._capacity - self.occupied(prompt_len + 1) -> self._capacity #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: prompt_len + 1 -> prompt_len - 1 #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: prompt_len + 1 -> prompt_len #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: 1 -> 0 #1",
    ),
    "room below 0 takes nothing off: the most that a request counts is at most the limit": (
        "oracle/certificate.py::Share.counted_at: max(0, free - self.places * (left + self.ignored)) -> free - self.places * (left + self.ignored) #1",
        "oracle/certificate.py::Share.counted_at: 0 -> -1 #2",
    ),
    "more ages are looked at than can bend, or the other neighbour of one: only ages that bend are returned": (
        "oracle/certificate.py::Share.bends: end + step -> end - step #1",
        "oracle/certificate.py::Share.bends: 2 -> 3 #1",
        "oracle/certificate.py::Share.bends: 2 -> 1 #1",
        "oracle/certificate.py::Share.bends:  for age in near if earliest - 1 <= age <= output_len - self.lead + 1 ->  for age in near #1",
        "oracle/certificate.py::Share.bends: 1 -> 2 #4",
        "oracle/certificate.py::Share.bends: output_len - self.lead -> output_len + self.lead #2",
        "oracle/certificate.py::Share.bends: output_len - self.lead -> output_len #2",
        "oracle/certificate.py::Share.bends: 1 -> 2 #5",
    ),
    "both have an entry for each": (
        "oracle/certificate.py::Certificate.kinds: zip(self.stretches, found, strict=True) -> zip(self.stretches, found) #1",
        "oracle/certificate.py::Certificate.kinds: True -> False #1",
        "oracle/certificate.py::_Sums.costs: zip(self._shares, self._flat, self._ramps, strict=True) -> zip(self._shares, self._flat, self._ramps) #1",
        "oracle/certificate.py::_Sums.costs: True -> False #1",
    ),
    "smaller digits, or Python's own integers: slower and as exact": (
        "oracle/certificate.py::_digit_bits: 1 -> 2 #1",
        "oracle/certificate.py::_digit_bits: 2 -> 3 #1",
        "oracle/certificate.py::_digit_bits: 62 -> 61 #1",
        "oracle/certificate.py::_digit_bits: return bits if bits > 0 else None -> return None #1",
        "oracle/certificate.py::_digit_bits: bits if bits > 0 else None -> None #1",
        "oracle/certificate.py::_digit_bits: 0 -> 1 #1",
        "oracle/certificate.py::_Sums.__init__: 'object' if _digit_bits(instance, stretch) is None else 'int64' -> 'object' #1",
    ),
    "one bit is spare: sums stay below 2**63, since M is at least 2 and bit_length rounds up": (
        "oracle/certificate.py::_digit_bits: instance.capacity * (1 + len(stretch.shares)) + 2 -> instance.capacity * (1 + len(stretch.shares)) #1",
        "oracle/certificate.py::_digit_bits: 2 -> 1 #1",
        "oracle/certificate.py::_digit_bits: 62 -> 63 #1",
    ),
    "all digits have the same shape, and without digits there is one entry: the first is the last": (
        "oracle/certificate.py::_least: 0 -> -1 #1",
        "oracle/certificate.py::_least: 0 -> -1 #2",
    ),
    "more starts after the stretch, which cost nothing but delay: none is better than those before": (
        "oracle/certificate.py::_Sums.__init__: min(self._priced, max((share.lead for share in stretch.shares), default=0)) -> self._priced #1",
        "oracle/certificate.py::_Sums.__init__: 0 -> 1 #1",
        "oracle/certificate.py::_Sums.__init__: 1 -> 2 #1",
    ),
    "where the prompt fills whole blocks, the block of the first token is counted among those that are taken later, from the start on": (
        "oracle/certificate.py::_Sums.costs: prompt_len + 1 -> prompt_len #1",
        "oracle/certificate.py::_Sums.costs: 1 -> 0 #1",
    ),
    "a ramp that begins 0 rounds earlier is the ramp": (
        "oracle/certificate.py::_ramp_from: age >= 0 -> age > 0 #1",
        "oracle/certificate.py::_ramp_from: 0 -> 1 #1",
    ),
    "no age is before -priced, and the ramp has more entries than that": (
        "oracle/certificate.py::_ramp_from: min(-age, len(ramp)) -> -age #1",
    ),
    "any number below 0 says that nothing is open": (
        "oracle/journal.py::Journal.close: 1 -> 2 #1",
        "oracle/journal.py::Journal.__del__: 1 -> 2 #1",
    ),
    "descriptor 0 is a journal's only where standard input is closed; the process's end frees it as well": (
        "oracle/journal.py::Journal.close: self._descriptor >= 0 -> self._descriptor > 0 #1",
        "oracle/journal.py::Journal.close: 0 -> 1 #1",
        "oracle/journal.py::Journal.__del__: getattr(self, '_descriptor', -1) >= 0 -> getattr(self, '_descriptor', -1) > 0 #1",
        "oracle/journal.py::Journal.__del__: 0 -> 1 #1",
    ),
    "the flag is 0 on every system but Windows": (
        "oracle/journal.py::Journal._open: os.O_RDWR | os.O_CREAT | BINARY -> os.O_RDWR | os.O_CREAT #1",
    ),
    "a file that was just opened stands at its beginning": (
        "oracle/journal.py::Journal._whole_lines: os.lseek(self._descriptor, 0, os.SEEK_SET) -> (nothing) #1",
    ),
    "a file that is cut to its own length stays as it is": (
        "oracle/journal.py::Journal._whole_lines: len(whole) < len(content) -> len(whole) <= len(content) #1",
    ),
    "of an empty list nothing is computed from it": (
        "amin_ref/workloads/arrivals.py::TraceArrivals.rounds: 0 -> 1 #1",
        "amin_ref/workloads/arrivals.py::TraceArrivals.rounds: 0 -> -1 #1",
        "amin_ref/workloads/arrivals.py::TraceArrivals.rounds: 0 -> 1 #2",
        "amin_ref/workloads/arrivals.py::TraceArrivals.rounds: 0 -> -1 #2",
        "amin_ref/workloads/predictions.py::Naive.intervals: 0 -> 1 #1",
        "amin_ref/workloads/predictions.py::Naive.intervals: 0 -> -1 #1",
        "amin_ref/workloads/predictions.py::Bins.intervals: 0 -> 1 #1",
        "amin_ref/workloads/predictions.py::Bins.intervals: 0 -> -1 #1",
        "amin_ref/workloads/trace.py::_rows: '' -> 'XX' #1",
    ),
    "a random float equals this number with probability 0 or 2**-53": (
        "amin_ref/workloads/arrivals.py::Poisson.rounds: times[-1] > LARGEST -> times[-1] >= LARGEST #1",
        "amin_ref/workloads/predictions.py::Mixed.intervals: generator.random(len(output_lens)) >= float(self.share) -> generator.random(len(output_lens)) > float(self.share) #1",
    ),
    "no path and no open file equals a name of the table": (
        "amin_ref/workloads/build.py::select_rows: isinstance(source, str) and source in EMBEDDED -> source in EMBEDDED #1",
    ),
    "any fixed seed is as good": ("amin_ref/workloads/build.py::_refuse_scarcity: 0 -> 1 #1",),
    "4,096 is no multiple of 100": (
        "amin_ref/workloads/build.py::_refuse_scarcity: fitting * _SCARCE < _PROBED -> fitting * _SCARCE <= _PROBED #1",
    ),
    "the exponent of a finite number is an int; the condition is there for mypy": (
        "amin_ref/workloads/decimals.py::exact_decimal: isinstance(value, float) and isinstance(exponent, int) and (exponent < -_PLACES) -> isinstance(value, float) and exponent < -_PLACES #1",
        "amin_ref/workloads/decimals.py::exact_decimal: isinstance(exponent, int) and (not -_PLACES <= exponent <= _PLACES) -> not -_PLACES <= exponent <= _PLACES #1",
    ),
    "a number of 18 places rounded to 18 places is itself": (
        "amin_ref/workloads/decimals.py::exact_decimal: exponent < -_PLACES -> exponent <= -_PLACES #1",
    ),
    "all ranks move by the same number, which the correlation does not see": (
        "amin_ref/workloads/distribution.py::_ranks: counts - 1 -> counts + 1 #1",
        "amin_ref/workloads/distribution.py::_ranks: counts - 1 -> counts #1",
        "amin_ref/workloads/distribution.py::_ranks: 1 -> 2 #1",
        "amin_ref/workloads/distribution.py::_ranks: 1 -> 0 #1",
    ),
    "numpy's default for these values; named for the reader and for mypy": (
        "amin_ref/workloads/distribution.py::measure_lengths: np.array(lengths, dtype=np.int64) -> np.array(lengths) #1",
        "amin_ref/workloads/distribution.py::_ranks: np.asarray(mean_ranks[which], dtype=np.float64) -> np.asarray(mean_ranks[which]) #1",
    ),
    "a fast path: the lines below it read the same": (
        "amin_ref/workloads/fields.py::tokens_from_text: if len(text) <= _FAST_DIGITS and text.isdecimal() and text.isascii(): … -> (nothing) #1",
        "amin_ref/workloads/fields.py::tokens_from_text: len(text) <= _FAST_DIGITS -> len(text) < _FAST_DIGITS #1",
    ),
    "an int has no fraction": (
        "amin_ref/workloads/json_lines.py::Objects._time: time_unit is None and self.whole_times and isinstance(value, Decimal) and value % 1 -> time_unit is None and self.whole_times and value % 1 #1",
    ),
    "the error is below 1, so what is rounded up is above 0": (
        "amin_ref/workloads/predictions.py::Varying.intervals: max(1, ceil((1 - error) * output_len)) -> ceil((1 - error) * output_len) #1",
        "amin_ref/workloads/predictions.py::Varying.intervals: 1 -> 0 #1",
    ),
    "all have an entry for each output length": (
        "amin_ref/workloads/predictions.py::Varying.intervals: zip(errors.tolist(), output_lens, strict=True) -> zip(errors.tolist(), output_lens) #1",
        "amin_ref/workloads/predictions.py::Varying.intervals: True -> False #1",
        "amin_ref/workloads/predictions.py::Mixed.intervals: True -> False #1",
    ),
    "how many bytes are read at a time": (
        "amin_ref/files/reading.py::Source.text: 2 ** 20 -> 2 * 20 #1",
        "amin_ref/files/reading.py::Source.text: 20 -> 21 #1",
        "amin_ref/files/reading.py::Source.text: 20 -> 19 #1",
    ),
}
"""Reasons why a fault changes nothing that the specification defines, and these faults."""

_NOT_PROMISED: dict[str, tuple[str, ...]] = {
    "prices are any numbers that are not negative: which ones are found, and how fast, decides only how good the bound is (T10), and it is computed anew from them": (
        "oracle/search/bounds.py::ascend: over_tokens / capacity -> over_tokens #1",
        "oracle/search/bounds.py::ascend: _squares(part_tokens, tokens) + _squares(part_shares, shares) -> _squares(part_tokens, tokens) - _squares(part_shares, shares) #1",
        "oracle/search/relaxation.py::_shares: part * problem.capacity -> part #1",
        "oracle/search/relaxation.py::_shares: for places, parts in ((1, ONE_PLACE), (2, TWO_PLACES)): … -> (nothing) #1",
        "oracle/search/relaxation.py::Rows.__init__: max(problem.size, problem.longest) -> min(problem.size, problem.longest) #1",
        "oracle/prices/dual.py::Dual.__init__: -(prompt_len + 1) // block -> -(prompt_len + 1) #1",
        "oracle/prices/dual.py::Dual.evaluate: rounds + 1 -> rounds #1",
        "oracle/prices/dual.py::Dual.evaluate: weights > NEGLIGIBLE * total[:, None] -> weights >= NEGLIGIBLE * total[:, None] #1",
        "oracle/prices/dual.py::Dual._costs: ENTRIES_AT_ONCE // len(delays) -> ENTRIES_AT_ONCE * len(delays) #1",
        "oracle/prices/ascent.py::_rounded: 0.0 -> 1.0 #1",
        "oracle/prices/ascent.py::_rounded: 2 -> 3 #1",
        "oracle/prices/ascent.py::_climbed: 0.0 -> -1.0 #2",
        "oracle/prices/ascent.py::_climbed: stalls + 1 if new_value - value < tolerance * abs(new_value) else 0 -> stalls + 1 #1",
        "oracle/prices/ascent.py::_climbed: tolerance * abs(new_value) -> tolerance // abs(new_value) #1",
        "oracle/prices/ascent.py::_newton_step: 1 -> 0 #1",
        "oracle/prices/ascent.py::_newton_step: float(bend @ step) / float(change @ bend) -> float(bend @ step) #1",
        "oracle/search/branch_and_bound.py::BranchAndBound.bounds: sequencing is not None or len(shorter.limits) > len(rows.limits) -> len(shorter.limits) > len(rows.limits) #1",
        "oracle/programme/candidates.py::Candidates._scale: 1 -> 2 #3",
        "oracle/search/branch_and_bound.py::BranchAndBound.bounds: self._prove(bounds.whole(bounds.root)) -> (nothing) #2",
    ),
    "every schedule found is checked: where the heuristics look decides only how good it is": (
        "oracle/search/problem.py::first_schedule: min(schedules, key=problem.cost) -> max(schedules, key=problem.cost) #1",
        "oracle/heuristics/best_schedule.py::_prices: first - stretch.first_round:stop - stretch.first_round -> :stop - stretch.first_round #1",
        "oracle/heuristics/best_schedule.py::_orders: one.prompt_len + one.output_len -> one.prompt_len - one.output_len #1",
        "oracle/heuristics/local_search.py::LocalSearch._move: max(earliest, request.arrival) -> request.arrival #1",
        "oracle/heuristics/local_search.py::LocalSearch._in_new_order: True -> False #1",
        "oracle/heuristics/local_search.py::LocalSearch._taken: MEAN_REACH * self._rounds -> MEAN_REACH #1",
        "oracle/heuristics/local_search.py::LocalSearch._taken: MOST_MOVED_OF_FEW if few else MOST_MOVED -> MOST_MOVED #1",
        "oracle/search/walk.py::WorkerPool.walk: self._narrow.append(WorkItem(root, coming.pop(0).width)) -> (nothing) #1",
        "oracle/programme/candidates.py::Candidates.by_mean_start: np.bincount(self.kind, weights=value * self.start, minlength=len(self.kinds)) -> np.bincount(self.kind, minlength=len(self.kinds)) #1",
    ),
    "how much is laid out, tried or done at once, and in which order, decides only the time": (
        "oracle/portfolio.py::_Work.choose: (1 - 2 * budget.pricing) * self._time_limit -> 1 - 2 * budget.pricing #1",
        "oracle/search/bounds.py::large_requests: rounds + problem.longest + 1 -> rounds + problem.longest #1",
        "oracle/search/states.py::_undominated: DELAYED + 1 -> DELAYED - 1 #1",
        "oracle/starts/free_capacity.py::: 1024 -> 1023 #1",
        "oracle/starts/free_capacity.py::FreeCapacity.earliest_start: starts *= 2 -> starts = 2 #1",
        "oracle/search/relaxation.py::Rows.charges: if price.any(): … -> (nothing) #1",
        "oracle/search/walk.py::WorkerPool._submit_all: not self._narrow and len(self._left) == 1 -> not self._narrow #1",
        "oracle/portfolio.py::_Work.choose: size <= budget.modelled -> size < budget.modelled #1",
        "oracle/portfolio.py::_Work.choose: 1 - 2 * budget.pricing -> 1 + 2 * budget.pricing #1",
        "oracle/search/walk.py::walk: width is None and len(states) > budget.priced_anew and is_due -> len(states) > budget.priced_anew and is_due #1",
        "oracle/search/branch_and_bound.py::BranchAndBound.explore: self.problem.size > MOST_REQUESTS -> self.problem.size >= MOST_REQUESTS #1",
    ),
    "longest is smaller than the capacity, as a request has a prompt and fits": (
        "oracle/search/states.py::RoundStep.__init__: 2 * problem.capacity + problem.longest -> 2 * problem.capacity #1",
    ),
    "the first state twice: one of two equal ones is dropped": (
        "oracle/search/states.py::RoundStep._start: 0 -> 1 #1",
    ),
    "a request that starts twice costs more than once, and holds no less: the state that it came from dominates it": (
        "oracle/search/states.py::RoundStep._candidates: states.ready & ~states.placed -> states.ready #1",
    ),
    "every entry is set afterwards": ("oracle/search/relaxation.py::Sequences.starts: 0 -> -1 #1",),
    "a cut that is not found, or not violated, makes the programme slower, not wrong; each is valid by itself": (
        "oracle/programme/cuts.py::Cutter._violated_cliques: 1 -> 0 #1",
        "oracle/programme/cuts.py::Cutter._extended_trios: trios.append(added) -> (nothing) #1",
        "oracle/programme/cuts.py::_greedy_trios: value[some] + ~out @ value[choice] / 2 -> value[some] #1",
        "oracle/programme/branch_and_cut.py::_BranchAndCut._narrowed_by_cuts: best + LEAST_GAIN -> best - LEAST_GAIN #1",
    ),
    "positions are whole numbers already": (
        "oracle/programme/cuts.py::Cutter._trio_cut: np.array(members, dtype=np.int64) -> np.array(members) #1",
    ),
    "a candidate twice is two columns for the same start: slower, not wrong": (
        "oracle/programme/candidates.py::Kind.windows: 1 -> 0 #2",
    ),
    "the list has one entry: the first is the last": (
        "oracle/programme/solvers.py::_run: 0 -> -1 #1",
    ),
    "what a temporary file is called": (
        "oracle/programme/solvers.py::solve_with_cbc: 'log.txt' -> 'XXlog.txt' #1",
    ),
    "HiGHS in the tests accepts both or neither and ends in any case; a precaution for other versions": (
        "oracle/programme/solvers.py::Relaxation.solve: solution.value_valid and solution.dual_valid -> solution.value_valid #1",
        "oracle/programme/solvers.py::_run: model.HandleUserInterrupt = True -> (nothing) #1",
    ),
    "only saves time: a candidate whose ceiling is below the floor has a ratio below the floor": (
        "oracle/ratio/candidates.py::worst_of: if candidate.ceiling < floor: … -> (nothing) #1",
    ),
    "no ratio is below 1": (
        "oracle/ratio/worst_case.py::_Search._begin: 0 -> 1 #1",
        "oracle/ratio/worst_case.py::_Search._begin: 0 -> -1 #1",
    ),
    "nothing is less than a delay of 0; only saves looking": (
        "tests/models/identical_prompts.py::IdenticalPrompts._least_delay: if least == 0: … -> (nothing) #1",
    ),
}
"""Faults of the oracle that only cost time or widen a gap; the specification promises neither."""

EQUIVALENT: tuple[Equivalent, ...] = tuple(
    Equivalent(fault, why)
    for reasons in (_BY_REASON, _NOT_PROMISED)
    for why, faults in reasons.items()
    for fault in faults
)
