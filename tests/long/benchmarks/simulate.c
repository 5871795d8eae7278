/* Amin, Amax, H-SF and FCFS on the paper's machine: a peer of the compiled simulation.
 *
 * Input, in 8-byte integers: n, M, B, newest_first; then s, o, assumed length and arrival of n
 * requests, in order of tie-break rank; those that arrive earlier come first in `order`, n ranks.
 * Output: seconds of processor time of the simulation, the sum of all completion times, the number
 * of evictions.
 *
 * A round looks at each running request, as most simulators do. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int64_t num;
typedef struct { num s, o, assumed, arrival, start, stop; } job;
typedef struct { num assumed, rank; } place;

static num n, M, B, newest_first, *order, waiting, running, at, *planned, length;
static job *jobs;
static place *heap;
static num *run;

static num occ(num tokens) { return (tokens + B - 1) / B * B; }
static int before(place a, place b) {
    return a.assumed < b.assumed || (a.assumed == b.assumed && a.rank < b.rank);
}

static void push(num rank) {
    place p = {jobs[rank].assumed, rank};
    num i = waiting++;
    for (; i && before(p, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = p;
}

static void pop(void) {
    place p = heap[--waiting];
    num i = 0, c;
    while ((c = 2 * i + 1) < waiting) {
        if (c + 1 < waiting && before(heap[c + 1], heap[c])) c++;
        if (!before(heap[c], p)) break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = p;
}

static void add(num tokens, num rounds, num sign) {
    num *p = planned + at;
    if (B == 1) for (num k = 0; k < rounds; k++) p[k] += sign * (tokens + k + 1);
    else for (num k = 0; k < rounds; k++) p[k] += sign * occ(tokens + k + 1);
}

static int fits(job *j) {
    num *p = planned + at, over = 0;
    if (p[j->assumed - 1] + occ(j->s + j->assumed) > M) return 0;
    if (B == 1) for (num k = 0; k < j->assumed; k++) over |= M - p[k] - (j->s + k + 1);
    else for (num k = 0; k < j->assumed; k++) over |= M - p[k] - occ(j->s + k + 1);
    return over >= 0;
}

static void leave(num i, num now) {  /* the i-th running one; the others keep their order */
    job *j = jobs + run[i];
    if (j->stop > now) add(j->s + now - j->start, j->stop - now, -1);
    running--;
    memmove(run + i, run + i + 1, (size_t)(running - i) * sizeof *run);
}

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    num head[4], longest = 1;
    if (!file || fread(head, 8, 4, file) != 4) return 1;
    n = head[0], M = head[1], B = head[2], newest_first = head[3];
    jobs = calloc((size_t)n, sizeof *jobs), order = malloc((size_t)n * 8);
    heap = malloc((size_t)n * sizeof *heap), run = malloc((size_t)(n + 1) * 8);
    for (num i = 0; i < n; i++) {
        if (fread(jobs + i, 8, 4, file) != 4) return 1;
        if (jobs[i].o > longest) longest = jobs[i].o;
        if (jobs[i].assumed > longest) longest = jobs[i].assumed;
    }
    if (fread(order, 8, (size_t)n, file) != (size_t)n) return 1;
    clock_t began = clock();
    length = 4 * longest + 4;
    planned = calloc((size_t)length, 8);
    num now = 0, arrived = 0, done = 0, sum = 0, evictions = 0, *out = malloc((size_t)(n + 1) * 8);
    for (;; now++, at++) {
        if (at + longest >= length) {
            memmove(planned, planned + at, (size_t)(length - at) * 8);
            memset(planned + length - at, 0, (size_t)at * 8);
            at = 0;
        }
        for (num i = 0; i < running;) {
            job *j = jobs + run[i];
            if (now - j->start == j->o) { leave(i, now); done++; sum += now; continue; }
            if (j->stop <= now) { planned[at] += occ(j->s + now - j->start + 1); j->stop = now + 1; }
            i++;
        }
        if (done == n) break;
        if (!running && !waiting && jobs[order[arrived]].arrival > now) {
            now = jobs[order[arrived]].arrival;
        }
        while (arrived < n && jobs[order[arrived]].arrival <= now) push(order[arrived++]);
        num evicted = 0;
        while (planned[at] > M) {
            num first = running - 1;
            if (!newest_first) {
                place least = {INT64_MAX, 0};
                for (num i = 0; i < running; i++) {
                    job *j = jobs + run[i];
                    if (now - j->start > j->assumed) j->assumed = now - j->start;
                    place p = {j->assumed, run[i]};
                    if (before(p, least)) least = p, first = i;
                }
            }
            out[evicted++] = run[first];
            leave(first, now);
        }
        while (waiting && !(evicted && newest_first) && fits(jobs + heap[0].rank)) {
            job *j = jobs + heap[0].rank;
            run[running++] = heap[0].rank;
            pop();
            j->start = now, j->stop = now + j->assumed;
            add(j->s, j->assumed, 1);
        }
        for (num i = 0; i < evicted; i++) push(out[i]);
        evictions += evicted;
    }
    printf("%.6f %lld %lld\n", (double)(clock() - began) / CLOCKS_PER_SEC, (long long)sum,
           (long long)evictions);
    return 0;
}
