(* The theorem book, one theorem for each statement that is proved here, in the book's words: those
   on the paper's machine. BookOfRatios.v has those on ratios, and BookOfTokens.v those on the
   machine that keeps tokens. Statements only: each proof is one `exact`. `E`, `S`, `A` and `L` are
   the requests that a round evicts, keeps running, admits and leaves waiting; `reaches` is
   Spec.v's. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine Rules Progress ExactBounds Certificate.
From AminRef Require Import Starts Formula Verify Telescope Optimum Hindsight Check.
From AminRef Require Import Ties Conform Quiet ConformState ConformGiven ConformQuiet ConformPlaces
  ConformPlan.
From AminRef Require Import Policies Reserved PolicyRuns PolicyRules PolicyValid.
From AminRef.facts Require Import Places Blind Policies BlindPolicies.
Import ListNotations.
Open Scope Z_scope.

(* T1, Amin: in no round do the requests that run occupy more than M: neither in a run that goes on
   nor in the schedule that `simulate` makes.
   Text of the book: a0d26ad3. *)
Theorem T1 M B requests : sane_instance M B requests ->
  (forall s t, reaches M B requests s -> t < now s -> occupancy B (runs_so_far s) t <= M) /\
  (forall fuel l t, simulate (amin M B) fuel requests = Some l -> occupancy B l t <= M).
Proof. exact (memory_safety M B requests). Qed.

(* T2, Amin: every request has exactly one completed run. With n requests and O = sum of all o_i, at
   most n * O rounds are busy, and the makespan is at most the last arrival plus that number.
   Text of the book: cfb07ae1. *)
Theorem T2 M B requests : sane_instance M B requests ->
  let most := Z.of_nat (length requests) * sum output_len requests in
  exists fuel s, simulate (amin M B) fuel requests = Some s /\
    Permutation (map of (filter completed s)) requests /\
    (forall busy, NoDup busy ->
      Forall (fun t => exists x, In x s /\ start x <= t < stop x) busy ->
      Z.of_nat (length busy) <= most) /\
    forall x, In x s -> stop x <= last_arrival requests + most.
Proof.
  exact (fun instance => terminates M B requests instance _
    (proj2 (Forall_forall _ _) (last_arrival_ge requests))).
Qed.

(* T3: l_i <= l~_i <= max (l_i, o_i - 1) <= o_i; l~_i never decreases, it changes only while i runs,
   and by at most 1 per round.
   Text of the book: e89db359. *)
Theorem T3 M B requests s : sane_instance M B requests -> reaches M B requests s ->
  (forall j, In j (running s ++ waiting s) -> lower (tag j) <= assumed j /\
    assumed j <= Z.max (lower (tag j)) (output_len (tag j) - 1) <= output_len (tag j)) /\
  (forall s' j j', amin_round M B s s' -> In j (running s ++ waiting s) ->
    In j' (running s' ++ waiting s') -> tag j = tag j' ->
    assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s))).
Proof. exact (bounds_hold M B requests s). Qed.

(* T4 (a): if a round evicts a request, then some request x that runs before step 3 outlives its l~:
   after step 2, a_x = l~_x < o_x.
   Text of the book: 2078848a. *)
Theorem T4_a M B requests s s' arrived later E S A L finished going :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> E <> [] ->
  exists x, In x (map learnt (running s)) /\ generated x = assumed x /\ assumed x < output_len
    (tag x).
Proof. exact (eviction_has_a_cause M B requests s s' arrived later E S A L finished going). Qed.

(* T4 (b): if a round evicts a request y that does not outlive its l~, then a request x above y
   does,
   which still runs when y is evicted.
   Text of the book: 2078848a. *)
Theorem T4_b M B requests s s' arrived later E S A L finished going y :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> In y E -> generated y <> assumed y ->
  exists x, In x (map learnt (running s)) /\ below y x = true /\
    generated x = assumed x /\ assumed x < output_len (tag x).
Proof. exact (cause_is_above M B requests s s' arrived later E S A L finished going y). Qed.

(* T4 (c): if l_i = o_i for all i, Amin evicts no request, and its schedule equals that of H-SF, run
   for run.
   Text of the book: 2078848a. *)
Theorem T4_c M B requests : sane_instance M B requests ->
  Forall (fun r => lower r = output_len r) requests ->
  (forall s s' arrived later E S A L finished going, reaches M B requests s ->
    round_parts M B s s' arrived later E S A L finished going -> E = []) /\
  forall fuel,
    (forall l, simulate (amin M B) fuel requests = Some l ->
      exists l', simulate (h_sf M B) fuel requests = Some l' /\ Permutation l l') /\
    (forall l, simulate (h_sf M B) fuel requests = Some l ->
      exists l', simulate (amin M B) fuel requests = Some l' /\ Permutation l l').
Proof. exact (exact_bounds M B requests). Qed.

(* T5: two instances differ in output lengths and upper bounds only. As long as in each round the
   requests that complete are the same, Amin's states are the same but for what it does not see.
   Text of the book: 5853a7c6. *)
Theorem T5 M B requests other n : same_sight other ->
  (forall m, (m < n)%nat ->
    told_alike M B other (Nat.iter m (round (amin M B)) (begin requests))) ->
  Nat.iter n (round (amin M B)) (begin (map other requests))
  = seen other (Nat.iter n (round (amin M B)) (begin requests)).
Proof. exact (runs_seen M B other requests n). Qed.

(* T5, FCFS, and Amax with equal upper bounds: two instances differ in output lengths, and for FCFS
   in upper bounds. As long as in each round the requests that complete are the same, the policy's
   states are the same but for what it does not see.
   Text of the book: 5853a7c6. *)
Theorem T5_policies M B p other requests n : same_sight other ->
  p = fcfs M B \/ p = amax M B /\ (forall r, upper (other r) = upper r) ->
  (forall m, (m < n)%nat -> told_alike_by p other (Nat.iter m (round p) (begin requests))) ->
  Nat.iter n (round p) (begin (map other requests))
  = seen other (Nat.iter n (round p) (begin requests)).
Proof. exact (policies_blind M B p other requests n). Qed.

(* T6: let x_1, ..., x_m be the requests that run before step 3, in ascending order. Amin evicts
   x_1, ..., x_k, where k is the least number such that the next tokens of x_(k+1), ..., x_m fit;
   and k < m if m >= 1.
   Text of the book: 5ace35a7. *)
Theorem T6 M B requests s s' arrived later E S A L finished going :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  exists x k, ascending x /\ Permutation x (map learnt (running s)) /\
    Permutation E (firstn k x) /\ Permutation S (skipn k x) /\
    next_tokens B (skipn k x) <= M /\ (forall i, (i < k)%nat -> M < next_tokens B (skipn i x)) /\
    (x <> [] -> (k < length x)%nat).
Proof. exact (evictions_minimal M B requests s s' arrived later E S A L finished going). Qed.

(* T7 (a): let w_1, w_2, ... be the requests that wait in step 4, in ascending order. Amin admits
   w_1, ..., w_m with the greatest m such that these fit, as assumed, beside those that stay.
   Text of the book: 0800aa32. *)
Theorem T7_a M B requests s s' arrived later E S A L finished going :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  exists w m, ascending w /\ Permutation w (waiting s ++ map arrives arrived) /\
    Permutation A (firstn m w) /\ Permutation L (skipn m w) /\
    (forall i, (i <= m)%nat -> never_exceeds M B (S ++ firstn i w)) /\
    (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (S ++ firstn i w)).
Proof. exact (admission_maximal M B requests s s' arrived later E S A L finished going). Qed.

(* T7 (b): if all prompts are equal, admission is maximal altogether: after step 4 not one more of
   those waiting fits, whichever it is.
   Text of the book: 0800aa32. *)
Theorem T7_b M B requests s s' arrived later E S A L finished going v :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  (forall r r', In r requests -> In r' requests -> prompt_len r = prompt_len r') ->
  In v L -> ~ never_exceeds M B (S ++ A ++ [v]).
Proof. exact (admission_leaves_none M B requests s s' arrived later E S A L finished going v). Qed.

(* T8, Amin: if some request has arrived by a round and has not completed, some request generates a
   token in the round.
   Text of the book: f1fb801c. *)
Theorem T8 M B requests s s' arrived later E S A L finished going :
  sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  running s ++ waiting s ++ map arrives arrived <> [] -> S ++ A <> [].
Proof. exact (never_idle M B requests s s' arrived later E S A L finished going). Qed.

(* T9, Amax, H-SF and SVF: they evict no request and never exceed M, neither in a run that goes on
   nor in the schedule that `simulate` makes, which is valid: for each request o_i <= L_i and
   occ (s_i + L_i) <= M, where L_i is what the policy reserves.
   Text of the book: 9898ada2. *)
Theorem T9 M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B ->
  (forall r, In r requests ->
    output_len r <= assume p r /\ occ B (prompt_len r + assume p r) <= M) /\
  (forall n, let s := Nat.iter n (round p) (begin requests) in
    Forall (fun x => completed x = true) (log s) /\ never_exceeds M B (running s) /\
    forall t, t < now s -> occupancy B (runs_so_far s) t <= M) /\
  forall fuel l, simulate p fuel requests = Some l ->
    Forall (fun x => completed x = true) l /\ valid M B requests l.
Proof. exact (never_overflows M B requests p). Qed.

(* T1, Amax, H-SF, SVF and FCFS: in no round do the requests that run occupy more than M: neither in
   a run that goes on nor in the schedule that `simulate` makes.
   Text of the book: a0d26ad3. *)
Theorem T1_policies M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  (forall n t, let s := Nat.iter n (round p) (begin requests) in t < now s ->
    occupancy B (runs_so_far s) t <= M) /\
  forall fuel l t, simulate p fuel requests = Some l -> occupancy B l t <= M.
Proof. exact (policies_safe M B requests p). Qed.

(* T2 (b) and (c), Amax, H-SF, SVF and FCFS: the schedule exists and is valid, and every request has
   exactly one completed run. With O = sum of all o_i, at most O rounds are busy, and the makespan
   is at most the last arrival plus O.
   Text of the book: cfb07ae1. *)
Theorem T2_policies M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  exists fuel l, simulate p fuel requests = Some l /\ valid M B requests l /\
    Permutation (map of (filter completed l)) requests /\
    (forall busy, NoDup busy ->
      Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
      Z.of_nat (length busy) <= sum output_len requests) /\
    forall x, In x l -> stop x <= last_arrival requests + sum output_len requests.
Proof. exact (policies_complete M B requests p). Qed.

(* T6, FCFS: the running requests x_1, ..., x_m stand with the latest admission first: the tokens
   that they have generated do not fall. FCFS evicts x_1, ..., x_k, where k is the least number such
   that the next tokens of x_(k+1), ..., x_m fit; and k < m if m >= 1. The others still run.
   Text of the book: 5ace35a7. *)
Theorem T6_fcfs M B requests n E R L : sane_instance M B requests ->
  let s := Nat.iter n (round (fcfs M B)) (begin requests) in
  decided_by (fcfs M B) s = (E, R, L) ->
  StronglySorted (fun x y => generated x <= generated y) (running s) /\
  exists k, E = firstn k (running s) /\ (exists A, R = A ++ skipn k (running s)) /\
    next_tokens B (skipn k (running s)) <= M /\
    (forall i, (i < k)%nat -> M < next_tokens B (skipn i (running s))) /\
    (running s <> [] -> (k < length (running s))%nat).
Proof. exact (fcfs_evicts M B requests n E R L). Qed.

(* T7 (c), Amax, H-SF, SVF, and FCFS in rounds without eviction: let w_1, w_2, ... be the requests
   that wait in step 4, in the policy's order. It admits w_1, ..., w_m with the greatest m such that
   these fit, as assumed, beside those that run. If all prompts are equal, then Amax and H-SF leave
   none waiting that fits.
   Text of the book: 0800aa32. *)
Theorem T7_policies M B requests p n E R L : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  let s := Nat.iter n (round p) (begin requests) in
  decided_by p s = (E, R, L) -> p <> fcfs M B \/ E = [] ->
  E = [] /\ (exists w m, StronglySorted (fun x y => before p x y = true) w /\
    Permutation w (waiting s ++ map (new_job p) (arriving s)) /\
    Permutation R (running s ++ firstn m w) /\ L = skipn m w /\
    (forall i, (i <= m)%nat -> never_exceeds M B (running s ++ firstn i w)) /\
    (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (running s ++ firstn i w))) /\
  forall v, p = amax M B \/ p = h_sf M B ->
    (forall r r', In r requests -> In r' requests -> prompt_len r = prompt_len r') ->
    In v L -> ~ never_exceeds M B (R ++ [v]).
Proof. exact (policies_admit M B requests p n E R L). Qed.

(* T8, Amax, H-SF, SVF and FCFS: if some request has arrived by a round and has not completed, some
   request generates a token in the round.
   Text of the book: f1fb801c. *)
Theorem T8_policies M B requests p n E R L : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  let s := Nat.iter n (round p) (begin requests) in
  decided_by p s = (E, R, L) -> running s ++ waiting s ++ map (new_job p) (arriving s) <> [] ->
  R <> [].
Proof.
  exact (fun instance is => policies_never_idle M B requests p instance is n E R L).
Qed.

(* Lemma 6: without its evicted runs a valid schedule is valid and has the same total latency. So
   OPT is the least cost of a start vector. It exists, and there is one.
   Text of the book: e7e76bfb. *)
Theorem Lemma_6 M B requests : sane_instance M B requests ->
  (forall s, valid M B requests s -> valid M B requests (filter completed s) /\
    total_latency (filter completed s) = total_latency s) /\
  (forall n, optimum M B requests n <-> exists v, optimal M B requests v /\ cost_of v = n) /\
  exists n, optimum M B requests n /\ forall n', optimum M B requests n' -> n' = n.
Proof. exact (no_gain_by_evicting M B requests). Qed.

(* Lemma 7: in an optimal start vector each round from R = max r_i to the makespan is busy, and
   r_i <= t_i <= R + O - o_i, where O is the sum of all o_i.
   Text of the book: 28fe4de1. *)
Theorem Lemma_7 M B requests v : sane_instance M B requests -> optimal M B requests v ->
  (forall t, last_arrival requests <= t < makespan v ->
    exists p, In p v /\ snd p <= t < snd p + output_len (fst p)) /\
  forall p, In p v -> arrival (fst p) <= snd p <=
    last_arrival requests + sum output_len requests - output_len (fst p).
Proof. exact (fun _ => finite_starts M B requests v). Qed.

(* T10: d times the bound L of the prices c_t / d >= 0 is at most d * OPT; (b) rounded up, L is at
   most OPT; (c) L is no greater than with M' in place of M, which is a bound as well; (a) the
   minimum over t >= r_i is attained at some t with r_i <= t <= max (r_i, T); (d) prices of 0 give
   the sum of all o_i.
   Text of the book: bbde5527. *)
Theorem T10 M B requests prices d : sane_instance M B requests -> 1 <= d ->
  Forall (fun c => 0 <= c) prices ->
  (forall n, optimum M B requests n ->
    bound M B prices d requests <= d * n /\ - (- bound M B prices d requests / d) <= n /\
    bound M B prices d requests <= bound (usable M B) B prices d requests <= d * n) /\
  (forall r, In r requests ->
    (forall t, arrival r <= t -> cheapest B prices d r <= pays B prices d r t) /\
    exists t, arrival r <= t <= Z.max (arrival r) (Z.of_nat (length prices)) /\
      cheapest B prices d r = pays B prices d r t) /\
  forall rounds, bound M B (repeat 0 rounds) d requests = d * sum output_len requests.
Proof. exact (fun instance => every_price_vector M B requests instance prices d). Qed.

(* Lemma C1: in every round all requests of a start vector together count at most m * d of a share,
   also if a request counts from fewer than c rounds before its start on.
   Text of the book: 3d4f23bd. *)
Theorem shares_are_restrictions M B early f t v : 1 <= B ->
  share_ok (length (share_prices f)) f = true -> early <= lead f -> start_vector M B v ->
  sum (fun p => counted M B early f (fst p) (t - snd p + 1)) v <= places f * most f.
Proof. exact (shares_of_vectors M B early f t v). Qed.

(* Theorem C3: d times the bound of a certificate with stretches and shares is at most d * OPT.
   Text of the book: 3d4f23bd. *)
Theorem certificates_are_bounds M B requests d sts n : sane_instance M B requests ->
  optimum M B requests n -> well_formed d sts = true -> certified M B d sts requests <= d * n.
Proof. exact (fun instance => every_certificate_bounds M B requests instance d sts n). Qed.

(* The checker of certificates, which adds up a few sums of prices for each kind of requests and
   each round, computes the bound of Theorem C3, rounded up; none if the certificate is not well
   formed.
   Text of the book: 3d4f23bd. *)
Theorem verify_is_the_formula M B requests d sts : sane_instance M B requests ->
  verify M B d sts requests =
  if well_formed d sts then Some (- (- certified M B d sts requests / d)) else None.
Proof. exact (verify_is_certified M B d sts requests). Qed.

(* T11: bound <= OPT, for every certificate that the checker accepts and every price vector; OPT is
   at most the cost of every valid schedule, and of Amin's. OPT does not rise when the capacity
   grows, it falls by 1 at least when a request is dropped, and by o_i - o_i' at least when o_i
   shrinks to o_i'.
   Text of the book: 2cdbde0c. *)
Theorem T11 M B requests n : sane_instance M B requests -> optimum M B requests n ->
  (forall d sts b, verify M B d sts requests = Some b -> b <= n) /\
  (forall prices d, 1 <= d -> Forall (fun c => 0 <= c) prices ->
    - (- bound (usable M B) B prices d requests / d) <= n) /\
  (forall s, valid M B requests s -> n <= total_latency s) /\
  (forall fuel s, simulate (amin M B) fuel requests = Some s -> n <= total_latency s) /\
  (forall M' n', M <= M' -> optimum M' B requests n' -> n' <= n) /\
  (forall a r b n', requests = a ++ r :: b -> optimum M B (a ++ b) n' -> n' + 1 <= n) /\
  (forall a r r' b n', requests = a ++ r :: b -> sane_instance M B (a ++ r' :: b) ->
    prompt_len r' = prompt_len r -> arrival r' = arrival r -> output_len r' <= output_len r ->
    optimum M B (a ++ r' :: b) n' -> n' + (output_len r - output_len r') <= n).
Proof. exact (bound_optimum_policies M B requests n). Qed.

(* The pair, first half: the two sentences of Spec.v determine the round. From every state that is
   reached a round leads on, and all rounds from it lead to the same state.
   Text of the book: 428c2e9d. *)
Theorem round_determined M B requests : sane_instance M B requests ->
  (forall s, reaches M B requests s -> exists s', amin_round M B s s') /\
  (forall s1 s2 s1' s2', alike s1 s2 -> amin_round M B s1 s1' -> amin_round M B s2 s2' ->
    alike s1' s2').
Proof. exact (one_next_state M B requests). Qed.

(* The pair, second half: the schedules of Spec.v's relation are exactly those that `simulate`
   makes,
   there is at most one, up to the order of its runs, and it is valid.
   Text of the book: 428c2e9d. *)
Theorem schedules_are_simulated M B requests : sane_instance M B requests ->
  (forall l, amin_schedule M B requests l <->
    exists fuel l', simulate (amin M B) fuel requests = Some l' /\ Permutation l l') /\
  (forall l l', amin_schedule M B requests l -> amin_schedule M B requests l' -> Permutation l l')
    /\
  (forall l, amin_schedule M B requests l -> valid M B requests l).
Proof. exact (one_schedule M B requests). Qed.

(* The checker of Check.v accepts a schedule exactly if it is valid by section 2.
   Text of the book: 460fd6cf. *)
Theorem checker_is_right M B requests s : sane_instance M B requests ->
  (check M B requests s = true <-> valid M B requests s).
Proof. exact (fun instance => check_spec M B requests instance s). Qed.

(* The state lemma: if rounds made the runs of a valid schedule by a time, under whatever rankings,
   then their state is what the schedule's runs by then say, but for ranks.
   Text of the book: d6a36a39. *)
Theorem state_from_runs M B requests allowed s l : sane_instance M B requests ->
  valid M B requests l -> possible M B allowed requests s ->
  Permutation (runs_so_far s) (so_far (now s) l) ->
  alike (with_own_ranks s) (state_at requests l (now s)).
Proof. exact (state_of_schedule M B requests allowed s l). Qed.

(* L1: step 3 evicts exactly E of the requests R that run, under some ranking if ties are free,
   under the given one otherwise, if and only if the others fit with their next tokens, and E is
   empty or has a request e such that no place in E is above that of e, no other place is below it,
   and e does not fit beside the others.
   Text of the book: 8e81a8b1. *)
Theorem L1 M B requests R E S : sane_instance M B requests ->
  Permutation (map learnt R) (E ++ S) -> jobs_of requests (E ++ S) ->
  let exactly rho := decision M B (map (with_rank rho) R) []
    (map (with_rank rho) E) (map (with_rank rho) S) [] [] in
  ((exists rho, any_ranking requests rho /\ exactly rho) <->
    explains_evictions M B (fun x y => level_or_before x y = true) E S) /\
  (exactly rank_of <-> explains_evictions M B (fun x y => not_after x y = true) E S).
Proof. exact (fun instance => evictions_explained M B requests instance R E S). Qed.

(* L2: where S stays and fits, step 4 admits exactly A of the requests W that wait, under some
   ranking if ties are free, under the given one otherwise, if and only if A fits, and L is empty or
   has a request w such that no place in L is below that of w, no place in A is above it, and w does
   not fit beside A.
   Text of the book: e629be08. *)
Theorem L2 M B requests R W S A L : sane_instance M B requests ->
  Permutation (map learnt R) S -> Permutation W (A ++ L) -> never_exceeds M B S ->
  jobs_of requests S -> jobs_of requests (A ++ L) ->
  let exactly rho := decision M B (map (with_rank rho) R) (map (with_rank rho) W) []
    (map (with_rank rho) S) (map (with_rank rho) A) (map (with_rank rho) L) in
  ((exists rho, any_ranking requests rho /\ exactly rho) <->
    explains_admissions M B (fun x y => level_or_before x y = true) S A L) /\
  (exactly rank_of <-> explains_admissions M B (fun x y => not_after x y = true) S A L).
Proof. exact (fun instance => admissions_explained M B requests instance R W S A L). Qed.

(* L3: the same requests wait in all quiet rounds up to the next event. If the rounds before are
   right, a quiet round is right exactly if no request waits, or one at the lowest place does not
   fit. A request that is too large by what an earlier quiet round shows does not fit. `conform`
   gives the same verdict and the same first wrong round if it looks only at some rounds, and may
   skip each of the others.
   Text of the book: 20d75b4b. *)
Theorem L3 M B requests le l : sane_instance M B requests -> valid M B requests l ->
  le = level_or_before \/ le = not_after ->
  (forall t t', quiet_from requests l t t' ->
    waiting_in requests l t' = waiting_in requests l t) /\
  (forall t, quiet requests l t -> 0 <= t ->
    (forall u, 0 <= u < t -> round_ok M B le requests l u = true) ->
    (round_ok M B le requests l t = true <-> waiting_in requests l t = [] \/
      exists w, lowest_in le requests l t w /\
        ~ never_exceeds M B (running_in requests l t ++ [w]))) /\
  (forall t t' w, quiet_from requests l t t' -> In w (waiting_in requests l t) ->
    too_large M B requests l t t' w -> ~ never_exceeds M B (running_in requests l t' ++ [w])) /\
  (forall looks,
    (forall t, 0 <= t < last_stop l -> looks t = false -> may_skip M B le requests l t) ->
    conform_looking_at M B le requests l looks = conform M B le requests l).
Proof. exact (quiet_rounds M B requests le l). Qed.

(* L4: of the requests at the lowest place, whichever ties are allowed, one with the largest prompt
   fits only if all of them do.
   Text of the book: 230656d7. *)
Theorem L4 M B le R W w : 1 <= B -> le = level_or_before \/ le = not_after ->
  Forall (fun v => generated v = 0) W ->
  let lowest v := In v W /\ forall x, In x W -> le v x = true in
  let fits v := never_exceeds M B (R ++ [v]) in
  lowest w -> (forall v, lowest v -> prompt v <= prompt w) ->
  ((exists v, lowest v /\ ~ fits v) <-> ~ fits w).
Proof. exact (one_candidate M B le R W w). Qed.

(* L5: in each round tau after t, the plan is what the runs that go on are entered with, up to their
   assumed lengths. In round t, what stays holds the cache that the schedule holds, minus the first
   tokens of those that start. Adding X to what fits, only the rounds in which X is planned need be
   examined.
   Text of the book: 687d6a9f. *)
Theorem L5 M B requests l t : sane_instance M B requests -> valid M B requests l ->
  (forall tau, t < tau -> planned_in B requests l t tau =
    sum (fun x => if tau <? start x + learnt_from (filter (ended_by t) l) (of x)
      then occ B (prompt_len (of x) + (tau - start x + 1)) else 0) (filter (runs_at t) l)) /\
  next_tokens B (filter (fun j => negb (evicts l t j)) (running_in requests l t)) =
    occupancy B l t
    - sum (fun x => occ B (prompt_len (of x) + 1)) (filter (fun x => start x =? t) l) /\
  (forall S X, never_exceeds M B S -> (never_exceeds M B (S ++ X) <->
    forall k, 0 <= k < longest X -> as_assumed B k S + as_assumed B k X <= M)).
Proof. exact (plan_known M B requests l t). Qed.

(* Ties are free: `conform` accepts exactly the schedules that rounds make, each under some ranking;
   otherwise the schedule is not valid, or t is the first round in which no ranking makes the
   schedule's decisions: rounds make its runs up to time t, and not up to time t + 1.
   Text of the book: 44fcbd80. *)
Theorem conform_with_free_ties M B requests l : sane_instance M B requests ->
  let verdict := conform M B level_or_before requests l in
  let allowed := any_ranking requests in
  (verdict = Conforms <-> conforming M B allowed requests l) /\
  (verdict = Invalid <-> ~ valid M B requests l) /\
  (forall t, verdict = Departs t <-> valid M B requests l /\
    conforming_until M B allowed requests t l /\
    ~ conforming_until M B allowed requests (t + 1) l).
Proof. exact (conform_free M B requests l). Qed.

(* Ties are given: `conform` accepts exactly Amin's schedules.
   Text of the book: 44fcbd80. *)
Theorem conform_with_given_ties M B requests l : sane_instance M B requests ->
  let verdict := conform M B not_after requests l in
  (verdict = Conforms <-> amin_schedule M B requests l) /\
  (verdict = Invalid <-> ~ valid M B requests l) /\
  (forall t, verdict = Departs t <-> valid M B requests l /\
    conforming_until M B given_ranks requests t l /\
    ~ conforming_until M B given_ranks requests (t + 1) l).
Proof. exact (conform_given M B requests l). Qed.

(* If `conform` names round t, no conforming schedule has the same runs up to the end of round t.
   Text of the book: 44fcbd80. *)
Theorem first_wrong_round M B requests l t : sane_instance M B requests ->
  (conform M B level_or_before requests l = Departs t ->
    forall other, conforming M B (any_ranking requests) requests other ->
    ~ Permutation (so_far (t + 1) other) (so_far (t + 1) l)) /\
  (conform M B not_after requests l = Departs t ->
    forall other, amin_schedule M B requests other ->
    ~ Permutation (so_far (t + 1) other) (so_far (t + 1) l)).
Proof. exact (none_agrees_longer M B requests l t). Qed.
