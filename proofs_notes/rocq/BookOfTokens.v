(* The theorem book on the machine where evicted requests keep their tokens (section 7 of the
   specification): T1 to T8 of Amin, and certificates. Statements only, in the book's words: each
   proof is one `exact`. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Certificate Formula Optimum Hindsight.
From AminRef.facts Require Import Policies.
From AminRef.resume Require Import Keeping TokenPrices TokenStretches TokenOptimum KeptTokens.
From AminRef.resume Require KeptMemory KeptRules KeptProgress.
Import ListNotations.
Open Scope Z_scope.

(* T1, Amin where evicted requests keep their tokens: in no round do the requests that run occupy
   more than M: neither in a run that goes on nor in the schedule that `simulate_keeping` makes.
   Text of the book: a0d26ad3. *)
Theorem T1_resume M B requests : sane_instance M B requests ->
  (forall n t, let s := keeping (amin M B) requests n in
    t < now s -> occupancy_kept B (kept_so_far s) t <= M) /\
  (forall fuel l t, simulate_keeping (amin M B) fuel requests = Some l ->
    occupancy_kept B l t <= M).
Proof. exact (KeptMemory.memory_safety_kept M B requests). Qed.

(* T2, Amin where evicted requests keep their tokens: every request has exactly one completed run,
   and its runs generate o_i tokens together; the schedule is valid by section 7. With O = sum of
   all o_i, at most O rounds are busy, and the makespan is at most the last arrival plus O.
   Text of the book: cfb07ae1. *)
Theorem T2_resume M B requests : sane_instance M B requests ->
  exists fuel l, simulate_keeping (amin M B) fuel requests = Some l /\
    valid_kept M B requests l /\
    (forall r, In r requests -> tokens_in l r = output_len r) /\
    (forall busy, NoDup busy ->
      Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
      Z.of_nat (length busy) <= sum output_len requests) /\
    forall x, In x l -> stop x <= last_arrival requests + sum output_len requests.
Proof. exact (KeptProgress.terminates_kept M B requests). Qed.

(* T3, Amin where evicted requests keep their tokens: l_i <= l~_i <= max (l_i, o_i - 1) <= o_i; l~_i
   never decreases, it changes only while i runs, and by at most 1 per round.
   Text of the book: e89db359. *)
Theorem T3_resume M B requests n : sane_instance M B requests ->
  let s := keeping (amin M B) requests n in
  (forall j, In j (running s ++ waiting s) -> lower (tag j) <= assumed j /\
    assumed j <= Z.max (lower (tag j)) (output_len (tag j) - 1) <= output_len (tag j)) /\
  (let s' := keeping (amin M B) requests (Datatypes.S n) in
    forall j j', In j (running s ++ waiting s) -> In j' (running s' ++ waiting s') ->
    tag j = tag j' ->
    assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s))).
Proof. exact (fun instance => KeptRules.bounds_hold_kept M B requests instance n). Qed.

(* T6, Amin where evicted requests keep their tokens: let x_1, ..., x_m be the requests that run
   before step 3, in ascending order. Amin evicts x_1, ..., x_k, where k is the least number such
   that the next tokens of x_(k+1), ..., x_m fit; and k < m if m >= 1. The others still run.
   Text of the book: 5ace35a7. *)
Theorem T6_resume M B requests n E R L : sane_instance M B requests ->
  let s := keeping (amin M B) requests n in decided_by (amin M B) s = (E, R, L) ->
  exists x k, ascending x /\ Permutation x (map learnt (running s)) /\
    E = firstn k x /\ (exists A, Permutation R (skipn k x ++ A)) /\
    next_tokens B (skipn k x) <= M /\ (forall i, (i < k)%nat -> M < next_tokens B (skipn i x)) /\
    (x <> [] -> (k < length x)%nat).
Proof. exact (fun instance => KeptRules.evictions_minimal_kept M B requests instance n E R L). Qed.

(* T7 (a), Amin where evicted requests keep their tokens: let w_1, w_2, ... be the requests that
   wait in step 4, in ascending order, and S those that stay. Amin admits w_1, ..., w_m with the
   greatest m such that these fit, as assumed, beside S.
   Text of the book: 0800aa32. *)
Theorem T7_resume M B requests n E R L : sane_instance M B requests ->
  let s := keeping (amin M B) requests n in decided_by (amin M B) s = (E, R, L) ->
  exists S w m, Permutation (E ++ S) (map learnt (running s)) /\
    ascending w /\ Permutation w (waiting s ++ map arrives (arriving s)) /\
    Permutation R (S ++ firstn m w) /\ L = skipn m w /\
    (forall i, (i <= m)%nat -> never_exceeds M B (S ++ firstn i w)) /\
    (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (S ++ firstn i w)).
Proof. exact (fun instance => KeptRules.admission_maximal_kept M B requests instance n E R L). Qed.

(* T8, Amin where evicted requests keep their tokens: if some request has arrived by a round and has
   not completed, some request generates a token in the round.
   Text of the book: f1fb801c. *)
Theorem T8_resume M B requests n E R L : sane_instance M B requests ->
  let s := keeping (amin M B) requests n in decided_by (amin M B) s = (E, R, L) ->
  running s ++ waiting s ++ map arrives (arriving s) <> [] -> R <> [].
Proof. exact (fun instance => KeptRules.never_idle_kept M B requests instance n E R L). Qed.

(* T21: in a schedule of tokens, each request generates its tokens in rounds r_i <= t_1 < t_2 < ...,
   and token a occupies occ (s_i + a) in its round. d times the bound L' of the prices c_t / d >= 0
   is at most d times the cost of every such schedule; (b) rounded up, L' is at most its cost. The
   minimum over the rounds of one request is the least payment, computed price by price; (a) some
   sequence attains it whose last round is before max (r_i, T) + o_i. (c) With stretches, where a
   request pays the prices of the stretch in which it arrives, and one that arrives in none adds
   o_i, d times the bound of Theorem C3 is at most d times the cost as well. (d) L' is at most the
   bound of T10 with the capacity in whole blocks.
   Text of the book: 2e03c376. *)
Theorem T21 M B requests prices d : sane_instance M B requests -> 1 <= d ->
  Forall (fun c => 0 <= c) prices ->
  (forall r, In r requests ->
    (forall rounds, token_rounds r rounds ->
      cheapest_rounds B prices d r <= token_pays B prices d r rounds) /\
    exists rounds, token_rounds r rounds /\
      end_of (arrival r) rounds <= Z.max (arrival r) (Z.of_nat (length prices)) + output_len r /\
      cheapest_rounds B prices d r = token_pays B prices d r rounds) /\
  bound_kept M B prices d requests <= bound (usable M B) B prices d requests /\
  forall v, valid_tokens M B requests v ->
    bound_kept M B prices d requests <= d * token_cost v /\
    - (- bound_kept M B prices d requests / d) <= token_cost v /\
    forall sts, well_formed d sts = true -> certified_kept M B d sts requests <= d * token_cost v.
Proof. exact (every_token_certificate M B requests prices d). Qed.

(* T22: each valid schedule of a machine that keeps tokens, and each of one that loses them, is a
   schedule of tokens with the same cost. If n is the least cost of a schedule of tokens, then the
   bound of every certificate, rounded up, is at most n, and n is at most the total latency of every
   valid schedule of a machine that keeps tokens, and at most OPT where they are lost.
   Text of the book: 04da6b1f. *)
Theorem T22 M B requests : sane_instance M B requests ->
  (forall l, valid_kept M B requests l \/ valid M B requests l ->
    exists v, valid_tokens M B requests v /\ token_cost v = total_latency l) /\
  forall n, token_optimum M B requests n ->
    (forall prices d, 1 <= d -> Forall (fun c => 0 <= c) prices ->
      - (- bound_kept M B prices d requests / d) <= n) /\
    (forall l, valid_kept M B requests l -> n <= total_latency l) /\
    forall m, optimum M B requests m -> n <= m.
Proof. exact (costs_in_order M B requests). Qed.
