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
    "Batch.admit sets Job.start and Job.stop before any code reads them": (
        "amin_ref/policies/lookahead.py::: 0 -> 1 #1",
        "amin_ref/policies/lookahead.py::: 0 -> -1 #1",
        "amin_ref/policies/lookahead.py::: 0 -> 1 #2",
        "amin_ref/policies/lookahead.py::: 0 -> -1 #2",
    ),
    "ANY_RANK is the rank of every request, so its value does not matter": (
        "amin_ref/conformance/waiting.py::: 0.0 -> 1.0 #1",
        "amin_ref/conformance/waiting.py::: 0.0 -> -1.0 #1",
        "amin_ref/conformance/waiting.py::: 0 -> 1 #1",
        "amin_ref/conformance/waiting.py::: 0 -> -1 #1",
    ),
    "begin_round sets the round at the start of every round, before any code reads it": (
        "amin_ref/policies/lookahead.py::Batch.__init__: self._now = 0 -> (nothing) #1",
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> 1 #1",
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> -1 #1",
    ),
    "the length of the first plan; a plan that is too short is replaced by a longer one": (
        "amin_ref/policies/lookahead.py::: 64 -> 65 #1",
        "amin_ref/policies/lookahead.py::: 64 -> 63 #1",
    ),
    "the first plan is all zeros, so it may begin in any round before the first one": (
        "amin_ref/policies/lookahead.py::Batch.__init__: 0 -> -1 #2",
    ),
    "if both sides are equal the plan has no round left, and Batch._coming replaces an empty plan as well": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: now - self._planned_from >= len(self._planned) -> now - self._planned_from > len(self._planned) #1",
    ),
    "the caller uses only the first entry of the slice": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: 1 -> 2 #2",
        "amin_ref/policies/lookahead.py::Batch._unplan: 1 -> 2 #1",
        "amin_ref/policies/lookahead.py::Batch.overflows: 1 -> 2 #1",
    ),
    "the first part of the place is the same for all jobs": (
        "amin_ref/policies/lookahead.py::by_rank: 0 -> 1 #1",
        "amin_ref/policies/lookahead.py::by_rank: 0 -> -1 #1",
    ),
    "the slice has one entry, so its first entry is its last": (
        "amin_ref/policies/lookahead.py::Batch.begin_round: 0 -> -1 #2",
        "amin_ref/policies/lookahead.py::Batch._unplan: 0 -> -1 #2",
        "amin_ref/policies/lookahead.py::Batch.overflows: 0 -> -1 #1",
    ),
    "a test of the last round alone, which saves time; the test of all rounds follows": (
        "amin_ref/policies/lookahead.py::Batch.fits: if planned[-1] + at_the_end > self._capacity: … -> (nothing) #1",
        "amin_ref/policies/lookahead.py::Batch.fits: planned[-1] + at_the_end -> planned[-1] - at_the_end #1",
        "amin_ref/policies/lookahead.py::Batch.fits: planned[-1] + at_the_end -> planned[-1] #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: prompt_len + assumed -> prompt_len - assumed #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: prompt_len + assumed -> prompt_len #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: if self._planned[offset + assumed - 1] + at_the_end > self._capacity: … -> (nothing) #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: self._planned[offset + assumed - 1] + at_the_end -> self._planned[offset + assumed - 1] - at_the_end #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: self._planned[offset + assumed - 1] + at_the_end -> self._planned[offset + assumed - 1] #1",
    ),
    "the caller uses only the truth of the result; mypy refuses the change": (
        "oracle/journal.py::_is_alike: return False -> return None #1",
        "amin_ref/policies/lookahead.py::Batch.fits: return False -> return None #1",
        "amin_ref/model/schedule.py::_is_one_document: return False -> return None #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: return False -> return None #1",
        "amin_ref/conformance/plan.py::PlanByRound.fits: return False -> return None #2",
    ),
    "if both sides are equal no planned round is left, so the subtraction is from an empty slice": (
        "amin_ref/conformance/plan.py::PlanByRound.remove: left > 0 -> left >= 0 #1",
    ),
    "with 0 planned rounds left, the subtraction is from an empty slice": (
        "amin_ref/conformance/plan.py::PlanByRound.remove: 0 -> -1 #1",
    ),
    "the plan is replaced one round earlier than necessary": (
        "amin_ref/policies/lookahead.py::Batch._coming: offset + rounds > len(self._planned) -> offset + rounds >= len(self._planned) #1",
    ),
    "the length of the new plan beyond the necessary one": (
        "amin_ref/policies/lookahead.py::Batch._coming: 2 -> 3 #1",
        "amin_ref/policies/lookahead.py::Batch._coming: 2 -> 1 #1",
    ),
    "another fixed random order for every seed, which serves as well": (
        "amin_ref/policies/ties.py::Shuffled.rank: '/' -> 'XX/' #1",
    ),
    "np.int64 is numpy's default for whole numbers on every system where this is tested": (
        "amin_ref/model/blocks.py::occupied_by_round: np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64) -> np.arange(tokens + 1, tokens + rounds + 1) #1",
        "amin_ref/conformance/plan.py::PlanByRound._growth: np.arange(tokens + 1, tokens + rounds + 1, dtype=np.int64) -> np.arange(tokens + 1, tokens + rounds + 1) #1",
    ),
    "rounding up to blocks of one token changes no number; it only takes time": (
        "amin_ref/model/blocks.py::occupied_by_round: if block_size == 1: … -> (nothing) #1",
        "amin_ref/model/blocks.py::occupied_by_round: 1 -> 0 #3",
        "amin_ref/conformance/plan.py::PlanByRound._growth: self._block_size > 1 -> self._block_size >= 1 #1",
        "amin_ref/conformance/plan.py::PlanByRound._growth: 1 -> 0 #3",
    ),
    "requests that arrive up to the present round are no longer in the list, so the next arrival is never earlier": (
        "amin_ref/simulator/simulation.py::_Simulation.step: max(self.now, self._arrival_rounds[-1]) -> self._arrival_rounds[-1] #1",
    ),
    "if no request runs, waits or arrives later, all have completed, and the simulation has ended before this test": (
        "amin_ref/simulator/simulation.py::_Simulation._refuse_idleness: bool(self._waiting) and (not self._cache.running) and (not self._arrival_rounds) -> not self._cache.running and (not self._arrival_rounds) #1",
    ),
    "a Schedule already stores its runs by start and, for one request, by stop; the checker only does not rely on it": (
        "amin_ref/checker/__init__.py::_runs_by_request: sorted(runs[request.id], key=lambda run: (run.start, run.stop)) -> list(runs[request.id]) #1",
    ),
    "no run starts before round 0, since Run refuses it": (
        "amin_ref/checker/timing.py::in_time: 0 -> -1 #1",
    ),
    "the search finds the first round above the capacity, which lies before each of these ends of the search": (
        "amin_ref/checker/memory.py::within_capacity: following - 1 -> following + 1 #2",
        "amin_ref/checker/memory.py::within_capacity: following - 1 -> following #2",
        "amin_ref/checker/memory.py::within_capacity: 1 -> 0 #2",
    ),
    "the first run with tokens sets the stop to 1 or more, before any run is compared with it": (
        "amin_ref/model/schedule.py::Schedule._busy_periods: 0 -> 1 #1",
        "amin_ref/model/schedule.py::Schedule._busy_periods: 0 -> -1 #1",
    ),
    "two busy periods without a round between them are computed as one, with the same tokens in each round": (
        "amin_ref/model/schedule.py::Schedule._busy_periods: run.start >= stop -> run.start > stop #1",
    ),
    "floating point is exact up to 2**53, the limit of all numbers of tokens; callers convert the result to whole numbers": (
        "amin_ref/model/schedule.py::Schedule._held: np.zeros(stop - first, dtype=np.int64) -> np.zeros(stop - first) #1",
    ),
    "only the text before the first line end is used": (
        "amin_ref/model/schedule.py::read_schedule: 1 -> 2 #1",
    ),
    "the first request sets the stop to 1 or more, before any request is compared with it": (
        "amin_ref/conformance/busy_periods.py::busy_periods: 0 -> 1 #1",
        "amin_ref/conformance/busy_periods.py::busy_periods: 0 -> -1 #1",
    ),
    "two busy periods without a round between them are replayed as one, with the same running and waiting requests": (
        "amin_ref/conformance/busy_periods.py::busy_periods: request.arrival >= stop -> request.arrival > stop #1",
    ),
    "floating point is exact up to 2**53, the limit of all numbers of tokens": (
        "amin_ref/conformance/plan.py::PlanByRound.__init__: np.zeros(rounds, dtype=np.int64) -> np.zeros(rounds) #1",
    ),
    "with one planned round left it is the present one, in which the replay tests the tokens held, not the plan": (
        "amin_ref/conformance/plan.py::PlanByRound.remove: 0 -> 1 #1",
    ),
    "only requests admitted in this round can make the plan exceed the cache; otherwise the replay had ended in an earlier round": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 - self._first:now + rounds - self._first -> :now + rounds - self._first #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 - self._first:now + rounds - self._first -> now + 1 - self._first: #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + rounds - self._first -> now + rounds + self._first #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + rounds - self._first -> now + rounds #1",
    ),
    "the tokens planned for the present round are at most those held in it, which are tested": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: now + 1 -> now #1",
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: 1 -> 0 #1",
    ),
    "only valid schedules are replayed, in which the tokens held in the present round fit": (
        "amin_ref/conformance/plan.py::PlanByRound.exceeds: holding > self._capacity or (ahead.size > 0 and int(ahead.max()) > self._capacity) -> ahead.size > 0 and int(ahead.max()) > self._capacity #1",
    ),
    "Python's integers where 64-bit integers suffice: the same numbers, more slowly": (
        "oracle/certificate.py::Share.counted: 'int64' if largest < 2 ** 62 else 'object' -> 'object' #1",
        "oracle/certificate.py::Share.counted: 2 ** 62 -> 2 * 62 #1",
        "oracle/certificate.py::Share.counted: 2 ** 62 -> 2 #1",
        "oracle/certificate.py::Share.counted: 2 -> 1 #1",
    ),
    "another limit from which Python's integers are used: 64-bit integers still have a spare bit there, and the terms that change are at most a few thousand": (
        "oracle/certificate.py::Share.counted: self.limit + self.places * (self.ignored + output_len + len(ages)) + free -> self.limit + self.places * (self.ignored + output_len + len(ages)) - free #1",
        "oracle/certificate.py::Share.counted: self.limit + self.places * (self.ignored + output_len + len(ages)) + free -> self.limit + self.places * (self.ignored + output_len + len(ages)) #1",
        "oracle/certificate.py::Share.counted: largest < 2 ** 62 -> largest <= 2 ** 62 #1",
        "oracle/certificate.py::Share.counted: 62 -> 63 #1",
        "oracle/certificate.py::Share.counted: 62 -> 61 #1",
    ),
    "room of -1 in place of 0 raises limit - room above limit, which is at least most; the count is the smaller of most and limit - room": (
        "oracle/certificate.py::Share.counted: 0 -> -1 #1",
    ),
    "Stretch refuses a first round below 0, so the first stretch never overlaps": (
        "oracle/certificate.py::Certificate.__post_init__: 0 -> -1 #1",
    ),
    "Certificate refuses the value with the same message": (
        "oracle/certificate.py::Certificate.from_json: 1 -> 0 #1",
    ),
    "shares whose prices are all 0, which add nothing to any sum": (
        "oracle/certificate.py::_gain:  for share in stretch.shares if any(share.multipliers) ->  for share in stretch.shares #1",
    ),
    "numpy accepts any negative number as the length that it computes": (
        "oracle/certificate.py::_sums_to_the_end: 1 -> 2 #1",
    ),
    "more zeros after the end of the array, which add nothing": (
        "oracle/certificate.py::_sums_to_the_end: min(step, len(values)) -> step #1",
        "oracle/certificate.py::_sums_to_the_end: -len(values) // step -> -len(values) * step #1",
        "oracle/certificate.py::_sums_to_the_end: -len(values) // step -> -len(values) #1",
    ),
    "without requests the simulation ends before max_rounds is tested": (
        "amin_ref/simulator/simulation.py::simulate: 0 -> 1 #1",
        "amin_ref/simulator/simulation.py::simulate: 0 -> -1 #1",
    ),
    "the simulation begins with a jump to the round of the first arrival": (
        "amin_ref/simulator/simulation.py::_Simulation.__init__: 0 -> -1 #1",
    ),
    "ids that occur twice, as keys of one dictionary": (
        "amin_ref/conformance/replay.py::_Replay._state:  for r in admitted if r not in self._waiting ->  for r in admitted #1",
    ),
    "between events in successive rounds there is no round to test": (
        "amin_ref/conformance/replay.py::_Replay._quiet: first < stop -> first <= stop #1",
    ),
    "room only excludes rounds that need no test; the test of a round sums over all requests": (
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: self._capacity - self.occupied(prompt_len + 1) -> self._capacity + self.occupied(prompt_len + 1) #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: self._capacity - self.occupied(prompt_len + 1) -> self._capacity #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: prompt_len + 1 -> prompt_len - 1 #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: prompt_len + 1 -> prompt_len #1",
        "amin_ref/conformance/plan.py::PlanByRound.rounds_with_room: 1 -> 0 #1",
    ),
    "room below 0 only raises limit - room above limit, which is at least most; the smaller of most and limit - room counts": (
        "oracle/certificate.py::Share.counted_at: max(0, free - self.places * (left + self.ignored)) -> free - self.places * (left + self.ignored) #1",
        "oracle/certificate.py::Share.counted_at: 0 -> -1 #2",
    ),
    "other ages are tested as well: only those with a second difference other than 0 are returned, and all of these are still tested": (
        "oracle/certificate.py::Share.bends: end + step -> end - step #1",
        "oracle/certificate.py::Share.bends: 2 -> 3 #1",
        "oracle/certificate.py::Share.bends: 2 -> 1 #1",
        "oracle/certificate.py::Share.bends:  for age in near if earliest - 1 <= age <= output_len - self.lead + 1 ->  for age in near #1",
        "oracle/certificate.py::Share.bends: 1 -> 2 #4",
        "oracle/certificate.py::Share.bends: output_len - self.lead -> output_len + self.lead #2",
        "oracle/certificate.py::Share.bends: output_len - self.lead -> output_len #2",
        "oracle/certificate.py::Share.bends: 1 -> 2 #5",
    ),
    "all sequences have the same length": (
        "oracle/certificate.py::Certificate.kinds: zip(self.stretches, found, strict=True) -> zip(self.stretches, found) #1",
        "oracle/certificate.py::Certificate.kinds: True -> False #1",
        "oracle/certificate.py::_Sums.costs: zip(self._shares, self._flat, self._ramps, strict=True) -> zip(self._shares, self._flat, self._ramps) #1",
        "oracle/certificate.py::_Sums.costs: True -> False #1",
    ),
    "smaller digits, or Python's own integers: as exact, and slower": (
        "oracle/certificate.py::_digit_bits: 1 -> 2 #1",
        "oracle/certificate.py::_digit_bits: 2 -> 3 #1",
        "oracle/certificate.py::_digit_bits: 62 -> 61 #1",
        "oracle/certificate.py::_digit_bits: return bits if bits > 0 else None -> return None #1",
        "oracle/certificate.py::_digit_bits: bits if bits > 0 else None -> None #1",
        "oracle/certificate.py::_digit_bits: 0 -> 1 #1",
        "oracle/certificate.py::_Sums.__init__: 'object' if _digit_bits(instance, stretch) is None else 'int64' -> 'object' #1",
    ),
    "one bit is spare: sums stay below 2**63, because M is at least 2 and bit_length rounds up": (
        "oracle/certificate.py::_digit_bits: instance.capacity * (1 + len(stretch.shares)) + 2 -> instance.capacity * (1 + len(stretch.shares)) #1",
        "oracle/certificate.py::_digit_bits: 2 -> 1 #1",
        "oracle/certificate.py::_digit_bits: 62 -> 63 #1",
    ),
    "all digits have arrays of the same shape, and without digits the list has one entry, so its first entry is its last": (
        "oracle/certificate.py::_least: 0 -> -1 #1",
        "oracle/certificate.py::_least: 0 -> -1 #2",
    ),
    "more starts after the stretch, which cost only more delay than the starts before them": (
        "oracle/certificate.py::_Sums.__init__: min(self._priced, max((share.lead for share in stretch.shares), default=0)) -> self._priced #1",
        "oracle/certificate.py::_Sums.__init__: 0 -> 1 #1",
        "oracle/certificate.py::_Sums.__init__: 1 -> 2 #1",
    ),
    "if the prompt fills whole blocks, the block of the first token is counted with the later blocks, from the same round on": (
        "oracle/certificate.py::_Sums.costs: prompt_len + 1 -> prompt_len #1",
        "oracle/certificate.py::_Sums.costs: 1 -> 0 #1",
    ),
    "for age 0 both branches return the ramp itself": (
        "oracle/certificate.py::_ramp_from: age >= 0 -> age > 0 #1",
        "oracle/certificate.py::_ramp_from: 0 -> 1 #1",
    ),
    "no age is below -priced, and the ramp has more entries than priced rounds": (
        "oracle/certificate.py::_ramp_from: min(-age, len(ramp)) -> -age #1",
    ),
    "any descriptor below 0 means that no file is open": (
        "oracle/journal.py::Journal.close: 1 -> 2 #1",
        "oracle/journal.py::Journal.__del__: 1 -> 2 #1",
    ),
    "a journal has descriptor 0 only if standard input is closed; the end of the process closes it as well": (
        "oracle/journal.py::Journal.close: self._descriptor >= 0 -> self._descriptor > 0 #1",
        "oracle/journal.py::Journal.close: 0 -> 1 #1",
        "oracle/journal.py::Journal.__del__: getattr(self, '_descriptor', -1) >= 0 -> getattr(self, '_descriptor', -1) > 0 #1",
        "oracle/journal.py::Journal.__del__: 0 -> 1 #1",
    ),
    "the flag BINARY is 0 on every system but Windows": (
        "oracle/journal.py::Journal._open: os.O_RDWR | os.O_CREAT | BINARY -> os.O_RDWR | os.O_CREAT #1",
    ),
    "a file that was just opened is read from its beginning": (
        "oracle/journal.py::Journal._whole_lines: os.lseek(self._descriptor, 0, os.SEEK_SET) -> (nothing) #1",
    ),
    "cutting a file to its own length does not change it": (
        "oracle/journal.py::Journal._whole_lines: len(whole) < len(content) -> len(whole) <= len(content) #1",
    ),
    "the number is used only with an empty list, from which no value is computed": (
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
    "no path and no open file equals a name of an embedded workload": (
        "amin_ref/workloads/build.py::select_rows: isinstance(source, str) and source in EMBEDDED -> source in EMBEDDED #1",
    ),
    "any fixed seed serves as well": ("amin_ref/workloads/build.py::_refuse_scarcity: 0 -> 1 #1",),
    "the sides are never equal: _PROBED = 4,096 is no multiple of _SCARCE = 100": (
        "amin_ref/workloads/build.py::_refuse_scarcity: fitting * _SCARCE < _PROBED -> fitting * _SCARCE <= _PROBED #1",
    ),
    "the exponent of a finite number is an int; the condition is for mypy alone": (
        "amin_ref/workloads/decimals.py::exact_decimal: isinstance(value, float) and isinstance(exponent, int) and (exponent < -_PLACES) -> isinstance(value, float) and exponent < -_PLACES #1",
        "amin_ref/workloads/decimals.py::exact_decimal: isinstance(exponent, int) and (not -_PLACES <= exponent <= _PLACES) -> not -_PLACES <= exponent <= _PLACES #1",
    ),
    "rounding a number of 18 decimal places to 18 places does not change it": (
        "amin_ref/workloads/decimals.py::exact_decimal: exponent < -_PLACES -> exponent <= -_PLACES #1",
    ),
    "all ranks change by the same number, on which the correlation does not depend": (
        "amin_ref/workloads/distribution.py::_ranks: counts - 1 -> counts + 1 #1",
        "amin_ref/workloads/distribution.py::_ranks: counts - 1 -> counts #1",
        "amin_ref/workloads/distribution.py::_ranks: 1 -> 2 #1",
        "amin_ref/workloads/distribution.py::_ranks: 1 -> 0 #1",
    ),
    "the type is numpy's default for these values; it is given for readers and mypy": (
        "amin_ref/workloads/distribution.py::measure_lengths: np.array(lengths, dtype=np.int64) -> np.array(lengths) #1",
        "amin_ref/workloads/distribution.py::_ranks: np.asarray(mean_ranks[which], dtype=np.float64) -> np.asarray(mean_ranks[which]) #1",
    ),
    "a fast path: the lines after it return the same number": (
        "amin_ref/workloads/fields.py::tokens_from_text: if len(text) <= _FAST_DIGITS and text.isdecimal() and text.isascii(): … -> (nothing) #1",
        "amin_ref/workloads/fields.py::tokens_from_text: len(text) <= _FAST_DIGITS -> len(text) < _FAST_DIGITS #1",
    ),
    "the remainder of an int by 1 is 0, so the condition on the type does not matter": (
        "amin_ref/workloads/json_lines.py::Objects._time: time_unit is None and self.whole_times and isinstance(value, Decimal) and value % 1 -> time_unit is None and self.whole_times and value % 1 #1",
    ),
    "the error is below 1, so the number that is rounded up is above 0": (
        "amin_ref/workloads/predictions.py::Varying.intervals: max(1, ceil((1 - error) * output_len)) -> ceil((1 - error) * output_len) #1",
        "amin_ref/workloads/predictions.py::Varying.intervals: 1 -> 0 #1",
    ),
    "all sequences have one entry for each output length": (
        "amin_ref/workloads/predictions.py::Varying.intervals: zip(errors.tolist(), output_lens, strict=True) -> zip(errors.tolist(), output_lens) #1",
        "amin_ref/workloads/predictions.py::Varying.intervals: True -> False #1",
        "amin_ref/workloads/predictions.py::Mixed.intervals: True -> False #1",
    ),
    "all lists have an entry for each output length": (
        "amin_ref/workloads/predictions.py::Mixed.intervals: zip(is_exact.tolist(), Exact().intervals(output_lens), Naive().intervals(output_lens), strict=True) -> zip(is_exact.tolist(), Exact().intervals(output_lens), Naive().intervals(output_lens)) #1",
    ),
    "the number of bytes is only compared with a limit of many bytes": (
        "amin_ref/files/reading.py::Source.__init__: 0 -> 1 #2",
        "amin_ref/files/reading.py::Source.__init__: 0 -> -1 #2",
        "amin_ref/files/reading.py::_bytes_left: 0 -> 1 #1",
        "amin_ref/files/reading.py::_bytes_left: 0 -> -1 #1",
    ),
    "more is read of a line that is too long, but never beyond its end; the line is refused as well": (
        "amin_ref/files/reading.py::Source.lines: self._limits.line + 1 - len(line) -> self._limits.line + 1 + len(line) #1",
        "amin_ref/files/reading.py::Source.lines: self._limits.line + 1 - len(line) -> self._limits.line + 1 #1",
        "amin_ref/files/reading.py::Source.lines: 1 -> 2 #1",
    ),
    "only Windows refuses to rename a file that is open": (
        "amin_ref/files/writing.py::_New.become: self.close() -> (nothing) #1",
    ),
    "the caller uses only the truth of the result": (
        "amin_ref/files/writing.py::_New.become: return False -> return None #1",
    ),
    "any negative descriptor means that there is none": (
        "amin_ref/files/writing.py::_New.close: 1 -> 2 #1",
    ),
    "follow_symlinks=True is the default of os.link": (
        "amin_ref/files/writing.py::_link: os.link(str(descriptor), name, src_dir_fd=folder, follow_symlinks=True) -> os.link(str(descriptor), name, src_dir_fd=folder) #1",
    ),
    "where files without names are not supported, opening the folder fails, and the file gets a name": (
        "amin_ref/files/writing.py::_nameless: 0 -> 1 #1",
        "amin_ref/files/writing.py::_nameless: not unnamed or not os.path.isdir(_OPEN_FILES) -> not os.path.isdir(_OPEN_FILES) #1",
    ),
    "the temporary name of a file until it is renamed; up to 58 characters of four bytes fit into 255 bytes": (
        "amin_ref/files/writing.py::: 50 -> 51 #1",
        "amin_ref/files/writing.py::: 50 -> 49 #1",
        "amin_ref/files/writing.py::_named: '.' -> 'XX.' #1",
        "amin_ref/files/writing.py::_named: 6 -> 7 #1",
        "amin_ref/files/writing.py::_named: 6 -> 5 #1",
    ),
    "the flag BINARY, which is 0 on every system but Windows": (
        "amin_ref/files/writing.py::: 'O_BINARY' -> 'XXO_BINARY' #1",
        "amin_ref/files/writing.py::_named: os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY -> os.O_WRONLY | os.O_CREAT | os.O_EXCL #1",
        "amin_ref/files/writing.py::_write_stream: os.O_WRONLY | os.O_APPEND | BINARY -> os.O_WRONLY | os.O_APPEND #1",
    ),
    "only whether it is true is asked": (
        "amin_ref/cli/signals.py::_is_within_a_step: return False -> return None #1",
    ),
    "set before anything reads it: a signal comes first": (
        "amin_ref/cli/signals.py::Interruption.__init__: self._looks = 0 -> (nothing) #1",
        "amin_ref/cli/signals.py::Interruption.__init__: 0 -> 1 #1",
        "amin_ref/cli/signals.py::Interruption.__init__: 0 -> -1 #1",
    ),
    "no request of a stretch arrives before its first round, so that round 0 and none before it say the same": (
        "oracle/certificate.py::_last_rise: 0 -> -1 #1",
        "oracle/certificate.py::_last_rise: 0 -> -1 #2",
    ),
    "where the numbers are not cut into digits there is one array, whose minimum the lines below find as well": (
        "oracle/certificate.py::_least: if bits is None: … -> (nothing) #1",
    ),
    "each format that has times names their unit": (
        "amin_ref/workloads/json_lines.py::: 's' -> 'XXs' #1",
    ),
    "the body of a protocol's method never runs": (
        "amin_ref/workloads/predictions.py::Prediction.intervals: ... -> (nothing) #1",
    ),
    "fewer than 4,096 / 100 and fewer than 4,096 / 101 requests are both at most 40": (
        "amin_ref/workloads/build.py::: 100 -> 101 #1",
    ),
    "a number of 15 digits is read to the same value in the slower way": (
        "amin_ref/workloads/fields.py::: 15 -> 14 #1",
    ),
    "the rows of a seed are the same however many are drawn at a time": (
        "amin_ref/workloads/distribution.py::: 4096 -> 4097 #1",
        "amin_ref/workloads/distribution.py::: 4096 -> 4095 #1",
    ),
    "this system is no Windows": (
        "amin_ref/cli/signals.py::Interruption._raise_between_steps: sys.platform != 'win32' and _is_within_a_step(frame) and (self._looks < MOST_LOOKS) -> _is_within_a_step(frame) and self._looks < MOST_LOOKS #1",
    ),
    "where the lines of a help text end is layout, which is not promised": (
        "amin_ref/cli/application.py::_exit_codes: 76 -> 75 #1",
    ),
    "click adds the context of the command that runs to an error without one": (
        "amin_ref/cli/worst_case.py::_demanded: click.MissingParameter(ctx=context, param=param) -> click.MissingParameter(param=param) #1",
    ),
    "is_log reads the first line alone; the slice saves time where that line is long": (
        "amin_ref/cli/reading.py::_schedule_or_log: :BEGINNING -> : #1",
    ),
    "where at most one token was computed none was computed again, and 0 of 2 is as much as 0 of 1": (
        "amin_ref/cli/judge.py::_computed_in_words: 1 -> 2 #1",
    ),
    "UTF-8 is the encoding of every system that this is tested on": (
        "amin_ref/cli/new.py::skeleton: files('amin_ref.cli').joinpath('skeleton.py').read_text(encoding='utf-8') -> files('amin_ref.cli').joinpath('skeleton.py').read_text() #1",
    ),
    "the default, written out for those who change the file": (
        "amin_ref/cli/skeleton.py::MyScheduler.decide: Decision(evict=(), admit=tuple(admitted)) -> Decision(admit=tuple(admitted)) #1",
    ),
    "beside a given schedule there is one entry: the first is the last": (
        "amin_ref/cli/report.py::report_command: 0 -> -1 #1",
        "amin_ref/cli/report.py::report_command: 0 -> -1 #2",
    ),
    "both lists have an entry for each seed": (
        "amin_ref/cli/report.py::_compared: zip(requests, schedules, strict=True) -> zip(requests, schedules) #1",
        "amin_ref/cli/report.py::_compared: True -> False #1",
    ),
    "a terminal has at least one column, and one line more or less is not asked for": (
        "amin_ref/cli/claims.py::_width: 1 -> 2 #1",
        "amin_ref/cli/claims.py::_width: 1 -> 0 #1",
    ),
    "no message ends in X, so the full stop alone is taken from its end": (
        "amin_ref/cli/compare.py::PolicyNames.convert: '.' -> 'XX.' #1",
        "amin_ref/cli/compare.py::ColumnNames.convert: '.' -> 'XX.' #1",
        "amin_ref/cli/exit_codes.py::_one_line: '.' -> 'XX.' #1",
    ),
    "there are seven such words, and two are looked at, so the sets never are equal": (
        "amin_ref/cli/options.py::WorkloadOptions.is_random: kinds <= set(DETERMINISTIC) -> kinds < set(DETERMINISTIC) #1",
    ),
    "a command without --ties asks only whether ties are random": (
        "amin_ref/cli/options.py::_with_options: 'position' -> 'XXposition' #1",
    ),
    "whatever is neither JSON nor CSV nor Markdown is printed as a table": (
        "amin_ref/cli/compare.py::compare_command: output_format or 'table' -> output_format #1",
        "amin_ref/cli/compare.py::compare_command: 'table' -> 'XXtable' #1",
    ),
    "the list is empty before": (
        "amin_ref/cli/comparing.py::ComparisonOptions.flags: flags += ['--policies', ','.join(self.policies)] -> flags = ['--policies', ','.join(self.policies)] #1",
    ),
    "the callers write a report only if --report was given": (
        "amin_ref/cli/comparing.py::ComparisonOptions.write_report: if self.report is None: … -> (nothing) #1",
    ),
    "at most 100 columns are used, so a default of one more is cut to 100": (
        "amin_ref/cli/claims.py::_width: 100 -> 101 #2",
    ),
    "the timer is cancelled before the context is left, so the interpreter never waits for it": (
        "amin_ref/cli/progress.py::_shown: beginning.daemon = True -> (nothing) #1",
        "amin_ref/cli/progress.py::_shown: True -> False #3",
    ),
    "each flag that may have no effect has one name": (
        "amin_ref/cli/flags.py::without_effect: 0 -> -1 #1",
    ),
    "any one seed for all is as good: with it the key of a trace does not depend on the seed": (
        "amin_ref/cli/options.py::WorkloadOptions._selection: 0 -> 1 #1",
        "amin_ref/cli/options.py::WorkloadOptions._selection: 0 -> -1 #1",
    ),
    "both lists have an entry for each item; their lengths were compared before": (
        "amin_ref/conformance/bound_rules.py::recognisable_bugs: True -> False #2",
        "amin_ref/model/instance.py::Instance.from_lengths: True -> False #1",
        "amin_ref/simulator/simulation.py::_cycle: zip(runs[-length:], runs[-2 * length:-length], strict=True) -> zip(runs[-length:], runs[-2 * length:-length]) #1",
    ),
    "the number of bytes that are read at a time": (
        "amin_ref/files/reading.py::Source.text: 2 ** 20 -> 2 * 20 #1",
        "amin_ref/files/reading.py::Source.text: 20 -> 21 #1",
        "amin_ref/files/reading.py::Source.text: 20 -> 19 #1",
    ),
    "the flags take only values that a machine may have, so that no message names the place": (
        "amin_ref/cli/machine.py::on_machine: 'machine' -> 'XXmachine' #1",
        "amin_ref/cli/worst_case.py::worst_case_command: 'machine' -> 'XXmachine' #1",
        "amin_ref/cli/worst_case.py::worst_case_table_command: 'machine' -> 'XXmachine' #1",
    ),
    "a shortcut: without flags the instance gets the machine that it has": (
        "amin_ref/cli/machine.py::on_machine: if not given: … -> (nothing) #1",
    ),
    "a key under which one file alone keeps something in click's context": (
        "amin_ref/cli/options.py::: 'amin_ref.cli.selections' -> 'XXamin_ref.cli.selections' #1",
        "amin_ref/cli/limits.py::: 'amin_ref.cli.limits' -> 'XXamin_ref.cli.limits' #1",
        "amin_ref/cli/reading.py::: 'amin_ref.cli.sources' -> 'XXamin_ref.cli.sources' #1",
        "amin_ref/cli/reading.py::: 'amin_ref.cli.texts' -> 'XXamin_ref.cli.texts' #1",
        "amin_ref/cli/signals.py::: 'amin_ref.cli.signal' -> 'XXamin_ref.cli.signal' #1",
        "amin_ref/cli/messages.py::: 'amin_ref.cli.quiet' -> 'XXamin_ref.cli.quiet' #1",
    ),
    "a parameter's name inside the program: no renamed flag begins with X or has a dash in it": (
        "amin_ref/cli/flags.py::_former: '-' -> 'XX-' #1",
        "amin_ref/cli/flags.py::_former: '-' -> 'XX-' #2",
        "amin_ref/cli/flags.py::_former: '_' -> 'XX_' #1",
    ),
    "the name is in a list of flags that may be refused; --ties is refused elsewhere": (
        "amin_ref/cli/options.py::: 'ties' -> 'XXties' #1",
    ),
    "the result is only asked for its truth, and None is as false as False": (
        "amin_ref/cli/streams.py::_is_open: return False -> return None #1",
    ),
    "without runs, the number of steps is 0 whatever the last round is": (
        "amin_ref/cli/proved.py::confirmed_validity: 0 -> 1 #1",
        "amin_ref/cli/proved.py::confirmed_validity: 0 -> -1 #1",
    ),
    "the instances of all seeds have one machine, that of the flags": (
        "amin_ref/cli/report.py::report_command: 0 -> -1 #3",
    ),
}
"""Reasons why a fault changes nothing that the specification defines, and these faults."""

_NOT_PROMISED: dict[str, tuple[str, ...]] = {
    "any prices of at least 0 give a valid bound, which is computed from them again (T10): which prices are found, and how fast, decides only how close the bound is": (
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
    "every schedule found is checked: where a heuristic searches decides only the schedule's cost": (
        "oracle/search/problem.py::first_schedule: min(schedules, key=problem.cost) -> max(schedules, key=problem.cost) #1",
        "oracle/heuristics/best_schedule.py::_prices: first - stretch.first_round:stop - stretch.first_round -> :stop - stretch.first_round #1",
        "oracle/heuristics/best_schedule.py::_orders: one.prompt_len + one.output_len -> one.prompt_len - one.output_len #1",
        "oracle/heuristics/local_search.py::LocalSearch._placed_anew: max(min(before), self._requests[position].arrival) -> self._requests[position].arrival #1",
        "oracle/heuristics/local_search.py::LocalSearch._taken: True -> False #1",
        "oracle/heuristics/local_search.py::LocalSearch._random_moves: MEAN_REACH * self._rounds -> MEAN_REACH #1",
        "oracle/heuristics/local_search.py::LocalSearch._random_moves: MOST_MOVED_OF_FEW if few else MOST_MOVED -> MOST_MOVED #1",
        "oracle/search/walk.py::WorkerPool.walk: self._narrow.append(WorkItem(root, coming.pop(0).width)) -> (nothing) #1",
        "oracle/programme/candidates.py::Candidates.by_mean_start: np.bincount(self.kind, weights=value * self.start, minlength=len(self.kinds)) -> np.bincount(self.kind, minlength=len(self.kinds)) #1",
    ),
    "the amount of work at a time, and its order, decide only the time": (
        "oracle/portfolio.py::_Work.choose: (1 - 2 * budget.pricing) * self._time_limit -> 1 - 2 * budget.pricing #1",
        "oracle/search/bounds.py::large_requests: rounds + problem.longest + 1 -> rounds + problem.longest #1",
        "oracle/search/states.py::undominated: DELAYED + 1 -> DELAYED - 1 #1",
        "oracle/starts/free_capacity.py::: 1024 -> 1023 #1",
        "oracle/starts/free_capacity.py::FreeCapacity.earliest_start: starts *= 2 -> starts = 2 #1",
        "oracle/search/relaxation.py::Rows.charges: if price.any(): … -> (nothing) #1",
        "oracle/search/walk.py::WorkerPool._submit_all: not self._narrow and len(self._left) == 1 -> not self._narrow #1",
        "oracle/portfolio.py::_Work.choose: size <= budget.modelled -> size < budget.modelled #1",
        "oracle/portfolio.py::_Work.choose: 1 - 2 * budget.pricing -> 1 + 2 * budget.pricing #1",
        "oracle/search/walk.py::walk: width is None and len(states) > budget.priced_anew and (waited >= period) -> len(states) > budget.priced_anew and waited >= period #1",
        "oracle/search/branch_and_bound.py::BranchAndBound.explore: self.problem.size > MOST_REQUESTS -> self.problem.size >= MOST_REQUESTS #1",
    ),
    "the longest output is shorter than the capacity, because each request has a prompt and fits": (
        "oracle/search/states.py::RoundStep.__init__: 2 * problem.capacity + problem.longest -> 2 * problem.capacity #1",
    ),
    "the first state is added twice, and one of two equal states is dropped": (
        "oracle/search/states.py::RoundStep._start: 0 -> 1 #1",
    ),
    "a state in which a request starts twice costs more and holds no less than the state with one start, which dominates it": (
        "oracle/search/states.py::RoundStep._candidates: states.ready & ~states.placed -> states.ready #1",
    ),
    "every entry of the array is set afterwards": (
        "oracle/search/relaxation.py::Sequences.starts: 0 -> -1 #1",
    ),
    "every cut is valid, so a missing or a satisfied cut only makes the programme slower": (
        "oracle/programme/cuts.py::Cutter._violated_cliques: 1 -> 0 #1",
        "oracle/programme/cuts.py::Cutter._extended_trios: trios.append(added) -> (nothing) #1",
        "oracle/programme/cuts.py::_greedy_trios: value[some] + ~out @ value[choice] / 2 -> value[some] #1",
        "oracle/programme/branch_and_cut.py::_BranchAndCut._narrowed_by_cuts: best + LEAST_GAIN -> best - LEAST_GAIN #1",
    ),
    "the positions in the list are ints, for which np.int64 is the default": (
        "oracle/programme/cuts.py::Cutter._trio_cut: np.array(members, dtype=np.int64) -> np.array(members) #1",
    ),
    "a candidate that occurs twice is two columns for the same start, which is slower and as exact": (
        "oracle/programme/candidates.py::Kind.windows: 1 -> 0 #2",
    ),
    "the list has one entry, so its first entry is its last": (
        "oracle/programme/solvers.py::_run: 0 -> -1 #1",
    ),
    "the name of a temporary file": (
        "oracle/programme/solvers.py::solve_with_cbc: 'log.txt' -> 'XXlog.txt' #1",
    ),
    "a precaution for other versions of HiGHS: the tested one has both solutions or neither, and ends in any case": (
        "oracle/programme/solvers.py::Relaxation.solve: solution.value_valid and solution.dual_valid -> solution.value_valid #1",
        "oracle/programme/solvers.py::_run: model.HandleUserInterrupt = True -> (nothing) #1",
    ),
    "a test that saves time: a candidate whose ceiling is below the floor also has a ratio below the floor": (
        "oracle/ratio/candidates.py::worst_of: if candidate.ceiling < floor: … -> (nothing) #1",
    ),
    "no ratio is below 1, so any initial floor up to 1 admits all candidates": (
        "oracle/ratio/worst_case.py::_Search._begin: 0 -> 1 #1",
        "oracle/ratio/worst_case.py::_Search._begin: 0 -> -1 #1",
    ),
    "a test that saves time: no delay is less than 0": (
        "tests/models/identical_prompts.py::IdenticalPrompts._least_delay: if least == 0: … -> (nothing) #1",
    ),
    "the seconds that a search may take, or a cluster to answer: a bound is proved after any": (
        "amin_ref/cli/family.py::: 10.0 -> 11.0 #1",
        "amin_ref/cli/family.py::: 10.0 -> 9.0 #1",
        "amin_ref/cli/drive.py::: 2.0 -> 3.0 #1",
        "amin_ref/cli/drive.py::: 2.0 -> 1.0 #1",
        "amin_ref/cli/report.py::: 1.0 -> 2.0 #1",
        "amin_ref/cli/report.py::: 1.0 -> 0.0 #1",
        "amin_ref/cli/claims.py::: 10 -> 11 #1",
        "amin_ref/cli/claims.py::: 10 -> 9 #1",
    ),
    "an estimate of the time or the memory, or from which one on it is said": (
        "amin_ref/cli/proved.py::: 35 -> 36 #1",
        "amin_ref/cli/proved.py::: 35 -> 34 #1",
        "amin_ref/cli/proved.py::: 2 -> 3 #1",
        "amin_ref/cli/proved.py::: 2 -> 1 #1",
        "amin_ref/cli/proved.py::: 10 -> 11 #1",
        "amin_ref/cli/proved.py::: 10 -> 9 #1",
        "amin_ref/cli/proved.py::: 8 -> 9 #1",
        "amin_ref/cli/proved.py::: 8 -> 7 #1",
        "amin_ref/cli/verify.py::: 10 -> 11 #1",
        "amin_ref/cli/verify.py::: 10 -> 9 #1",
        "amin_ref/cli/verify.py::: 8 -> 9 #1",
        "amin_ref/cli/verify.py::: 8 -> 7 #1",
        "amin_ref/cli/memory.py::: 200 -> 201 #1",
        "amin_ref/cli/memory.py::: 100 -> 101 #1",
        "amin_ref/cli/memory.py::: 100 -> 99 #1",
    ),
    "how often the program looks whether something has happened, and for how long": (
        "amin_ref/cli/signals.py::: 0.02 -> 1.02 #1",
        "amin_ref/cli/signals.py::: 250 -> 251 #1",
        "amin_ref/cli/signals.py::: 250 -> 249 #1",
        "amin_ref/cli/memory.py::: 0.05 -> 1.05 #1",
        "amin_ref/cli/memory.py::: 0.05 -> -0.95 #1",
    ),
    "lines of the help that are a column wider, and still fit into 80 columns": (
        "amin_ref/cli/application.py::_exit_codes: 76 -> 77 #1",
    ),
    "pieces of work that wait: more or fewer of them cost time alone": (
        "amin_ref/cli/bound.py::: 4 -> 5 #1",
    ),
}
"""Faults that only cost time or widen a gap; the specification promises neither."""

EQUIVALENT: tuple[Equivalent, ...] = tuple(
    Equivalent(fault, why)
    for reasons in (_BY_REASON, _NOT_PROMISED)
    for why, faults in reasons.items()
    for fault in faults
)
