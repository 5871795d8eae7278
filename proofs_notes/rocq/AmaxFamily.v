(* T13 (a): requests of one token each, for which Amax reserves the whole cache. Amax runs them one
   by one, H-SF and Amin k at a time, which is the optimum. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Starts Certificate ExactBounds.
From AminRef Require Import Policies Reserved PolicyRuns Family FamilyPlaced.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* A request of T13 (a): s = o = l = 1, upper bound u, arrival in round 0. *)
Definition one_token (u : Z) (r : request) : Prop :=
  prompt_len r = 1 /\ output_len r = 1 /\ lower r = 1 /\ upper r = Some u /\ arrival r = 0.

Section Batches.
Variables M c q : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis short : Forall (fun r => output_len r = 1 /\ arrival r = 0) requests.
Variable p : policy.
Hypothesis reserves : steps p = reserving_steps M 1.
Hypothesis enough : forall r, sane M 1 r ->
  output_len r <= assume p r /\ occ 1 (prompt_len r + assume p r) <= M.
Hypothesis room : forall R, Forall (own requests p) R -> Forall (fun j => generated j = 0) R ->
  (never_exceeds M 1 R <-> Z.of_nat (length R) <= c).
Hypothesis some_rounds : 0 <= q.
Hypothesis whole : Z.of_nat (length requests) = c * q.
Hypothesis some_room : 1 <= c.
Let good := kept_after M 1 requests instance p _
  (reserving_common M 1 requests instance p reserves enough).

(* In a round in which none runs, all requests that are left stand in the queue. *)
Lemma queue_is_left s : kept M 1 requests p (never_exceeds M 1) s -> 0 <= now s ->
  running s = [] -> coming_later s = [] /\ length (queue_of p s) = length (unserved s).
Proof.
  intros kept_s from_now idle.
  assert (all_here : forall r, In r (coming s) -> (arrival r <=? now s) = true).
  { intros r here. rewrite Forall_forall in short. apply Z.leb_le.
    destruct (short r (coming_known M 1 requests p _ s kept_s r here)) as [_ ->]. lia. }
  split.
  - apply filter_none. intros r here. apply negb_false_iff. now apply all_here.
  - rewrite (Permutation_length (queue_of_perm p s)). unfold unserved, arriving.
    rewrite idle, (filter_all _ (coming s)) by exact all_here.
    cbn [map app]. now rewrite !app_length, !map_length.
Qed.

(* In such a round, if c requests or more are left, c are admitted. *)
Lemma one_batch s E R L : kept M 1 requests p (never_exceeds M 1) s -> 0 <= now s ->
  running s = [] -> c <= Z.of_nat (length (unserved s)) -> decided_by p s = (E, R, L) ->
  E = [] /\ Z.of_nat (length R) = c /\ length (unserved s) = (length R + length L)%nat /\
  Forall (fun j => own requests p j /\ generated j = 0) R.
Proof.
  intros kept_s from_now idle left step. unfold decided_by in step. rewrite reserves, idle in step.
  assert (empty_fits : never_exceeds M 1 (@nil (job request)))
    by (intros k _; exact (some_capacity _ _ _ instance)).
  destruct (reserving_decides M 1 ltac:(lia) _ _ _ _ _ empty_fits step)
    as (A & -> & -> & queued & fit & stop). rewrite app_nil_r in *.
  pose proof (queue_own M 1 requests instance p _ s L A kept_s queued) as all.
  apply Forall_app in all as [all_A all_L]. apply Forall_rev in all_A.
  assert (of_A : Forall (own requests p) (rev A) /\ Forall (fun j => generated j = 0) (rev A))
    by (split; (eapply Forall_impl; [|exact all_A]); intros j is; apply is).
  destruct of_A as [own_A none_A]. pose proof (proj1 (room _ own_A none_A) fit) as few.
  destruct (queue_is_left s kept_s from_now idle) as [_ count].
  rewrite queued, app_length in count. rewrite rev_length in *.
  split; [reflexivity|]. split; [|split; [lia|]].
  - destruct L as [|w l]; [cbn in count; lia|].
    specialize (stop w l eq_refl). cbn [app] in stop.
    apply Forall_cons_iff in all_L as [(own_w & none_w & _) _].
    apply Forall_rev in own_A, none_A. rewrite rev_involutive in own_A, none_A.
    rewrite room, app_length in stop; [cbn in stop; lia| |]; apply Forall_app; auto.
  - rewrite Forall_forall in *. auto.
Qed.

(* These c complete. *)
Lemma batch_completes s : kept M 1 requests p (never_exceeds M 1) s -> 0 <= now s ->
  running s = [] -> c <= Z.of_nat (length (unserved s)) ->
  running (round p s) = [] /\
  Z.of_nat (length (unserved (round p s))) = Z.of_nat (length (unserved s)) - c /\
  total_latency (log (round p s)) = c * (now s + 1) + total_latency (log s).
Proof.
  intros kept_s from_now idle left. destruct (decided_by p s) as [[E R] L] eqn:decided.
  destruct (one_batch s E R L kept_s from_now idle left decided) as (-> & batch & count & all).
  rewrite (round_of p s [] R L decided). pose proof short as single.
  rewrite Forall_forall in all, single.
  assert (done : forall j, In j (map one_more R) -> has_all j = true /\ arrival (tag j) = 0).
  { intros j here. apply in_map_iff in here as (i & <- & here).
    destruct (all i here) as ((is_known & _) & none). destruct (single _ is_known) as [one zero].
    split; [apply Z.eqb_eq; cbn; lia|exact zero]. }
  unfold unserved at 1. cbn [running waiting coming log].
  rewrite (filter_none unfinished) by (intros j here; unfold unfinished; now rewrite
    (proj1 (done j here))).
  rewrite filter_all by (intros j here; now apply done).
  rewrite (proj1 (queue_is_left s kept_s from_now idle)). split; [reflexivity|]. split.
  - cbn [map insert_all fold_right app]. rewrite app_nil_r, map_length. lia.
  - unfold total_latency. cbn [map app]. rewrite filter_app, sum_app, filter_all.
    2:{ intros x here. apply in_map_iff in here as (j & <- & _). reflexivity. }
    rewrite sum_map. f_equal. rewrite (sum_ext _ (fun _ => now s + 1)).
    + rewrite sum_const, map_length. lia.
    + intros j here. cbn. rewrite (proj2 (done j here)). lia.
Qed.

(* After n rounds, c * n requests have completed, c in each round. *)
Lemma after_batches n : Z.of_nat n <= q -> let s := after p n (begin requests) in
  running s = [] /\ Z.of_nat (length (unserved s)) = c * (q - Z.of_nat n) /\
  2 * total_latency (log s) = c * (Z.of_nat n * (Z.of_nat n + 1)).
Proof.
  induction n as [|n IH]; intros less s.
  - split; [reflexivity|]. split; [|cbn; lia]. unfold s, unserved. cbn. lia.
  - destruct (IH ltac:(lia)) as (idle & left & cost). pose proof (now_after requests p n) as time.
    destruct (batch_completes _ (good n)) as (idle' & left' & cost'); auto; try nia.
    split; [exact idle'|]. split.
    + etransitivity; [exact left'|]. rewrite left. lia.
    + change (log s) with (log (round p (after p n (begin requests)))). rewrite cost', time. nia.
Qed.

(* The total latency. *)
Lemma batches_cost fuel l : simulate p fuel requests = Some l ->
  2 * total_latency l = c * (q * (q + 1)).
Proof.
  intros made. apply rounds_from in made as (m & ended & <-).
  destruct (after_batches (Z.to_nat q) ltac:(lia)) as (idle & left & cost).
  rewrite Z2Nat.id in * by exact some_rounds.
  set (last := after p (Z.to_nat q) (begin requests)) in *.
  destruct (Z.le_gt_cases (Z.of_nat m) q) as [less|more].
  - destruct (after_batches m less) as (_ & rest & cost'). apply is_done_spec in ended.
    destruct ended as (no_R & no_W & no_C). unfold unserved in rest.
    rewrite no_R, no_W, no_C in rest. cbn in rest. assert (q = Z.of_nat m) by nia.
    congruence.
  - replace m with ((m - Z.to_nat q) + Z.to_nat q)%nat by lia. rewrite after_add. fold last.
    assert (over : is_done last = true).
    { apply is_done_spec. split; [exact idle|].
      assert (none : unserved last = []) by (destruct (unserved last); [reflexivity|cbn in left;
        lia]).
      unfold unserved in none. rewrite idle in none. apply app_eq_nil in none as [_ none].
      apply app_eq_nil in none as [no_W ->]. now apply map_eq_nil in no_W. }
    rewrite (proj1 (after_end p ltac:(now rewrite reserves) (m - Z.to_nat q) last over)).
    exact cost.
Qed.
End Batches.

(* Jobs that have generated no token, with prompt 1 and assumed length a, need a + 1 each. *)
Lemma fresh_fit M a (R : list (job request)) : 0 <= M -> 1 <= a ->
  Forall (fun j => prompt j = 1 /\ assumed j = a /\ generated j = 0) R ->
  (never_exceeds M 1 R <-> Z.of_nat (length R) * (a + 1) <= M).
Proof.
  intros capacity some all.
  assert (plan : forall k, as_assumed 1 k R =
    (if k <? a then k + 2 else 0) * Z.of_nat (length R)).
  { intros k. rewrite as_assumed_sum, <- sum_const. apply sum_ext. intros j here.
    rewrite Forall_forall in all. destruct (all j here) as (prompt_1 & length_a & none).
    unfold more_tokens, will_hold. rewrite prompt_1, length_a, none, whole_blocks_occ by lia.
    replace (if 0 <? a then a - 0 else 1) with a by (destruct (Z.ltb_spec 0 a); lia).
    destruct (k <? a); [|reflexivity]. unfold occ. rewrite Z.div_1_r. lia. }
  split.
  - intros fit. specialize (fit (a - 1) ltac:(lia)). rewrite plan in fit.
    destruct (Z.ltb_spec (a - 1) a); lia.
  - intros fit k later. rewrite plan. destruct (Z.ltb_spec k a); [nia|lia].
Qed.

Section LowerBound.
Variables u k : Z.
Variable v : list placed.
Hypothesis vector : start_vector (u + 1) 1 v.
Hypothesis single : forall x, In x v -> one_token u (fst x).
Hypothesis most : u + 1 < 2 * (k + 1).
Hypothesis some : 0 <= k.

(* At most k requests run in a round. *)
Lemma few_at t : sum (fun x => if snd x =? t then 1 else 0) v <= k.
Proof.
  pose proof (loads_fit _ _ _ vector t) as fit.
  assert (double : load 1 v t = sum (fun x => (if snd x =? t then 1 else 0) +
    (if snd x =? t then 1 else 0)) v).
  { apply sum_ext. intros x here. destruct (single x here) as (prompt_1 & output_1 & _).
    unfold occ_of. rewrite prompt_1, output_1.
    destruct (Z.eqb_spec (snd x) t) as [<-|other]; [now rewrite Z.sub_diag|].
    destruct (Z.leb_spec 0 (t - snd x)), (Z.ltb_spec (t - snd x) 1); cbn; lia. }
  rewrite double, sum_plus in fit. lia.
Qed.

(* At most k * n start before round n. *)
Lemma few_before n : sum (fun x => if snd x <? Z.of_nat n then 1 else 0) v <= k * Z.of_nat n.
Proof.
  induction n as [|n IH].
  - rewrite sum_zero; [lia|]. intros x here. destruct (single x here) as (_ & _ & _ & _ & zero).
    pose proof (placed_late _ _ _ vector x here).
    destruct (Z.ltb_spec (snd x) (Z.of_nat 0)); lia.
  - rewrite (sum_ext _ (fun x => (if snd x <? Z.of_nat n then 1 else 0) +
      (if snd x =? Z.of_nat n then 1 else 0))).
    + rewrite sum_plus. pose proof (few_at (Z.of_nat n)). lia.
    + intros x _. destruct (Z.ltb_spec (snd x) (Z.of_nat (Datatypes.S n))),
        (Z.ltb_spec (snd x) (Z.of_nat n)), (Z.eqb_spec (snd x) (Z.of_nat n)); lia.
Qed.

(* So what the requests that start before round n save is bounded. *)
Lemma few_saved n : 2 * sum (fun x => Z.max 0 (Z.of_nat n - snd x)) v
  <= k * (Z.of_nat n * (Z.of_nat n + 1)).
Proof.
  induction n as [|n IH].
  - rewrite sum_zero; [lia|]. intros x here. destruct (single x here) as (_ & _ & _ & _ & zero).
    pose proof (placed_late _ _ _ vector x here). lia.
  - rewrite (sum_ext _ (fun x => Z.max 0 (Z.of_nat n - snd x) +
      (if snd x <? Z.of_nat (Datatypes.S n) then 1 else 0))).
    + rewrite sum_plus. pose proof (few_before (Datatypes.S n)). nia.
    + intros x _. destruct (Z.ltb_spec (snd x) (Z.of_nat (Datatypes.S n))); lia.
Qed.

(* k * k requests cost k * k * (k + 1) / 2 at least. *)
Lemma least_cost : 1 <= k -> Z.of_nat (length v) = k * k -> k * k * (k + 1) <= 2 * cost_of v.
Proof.
  intros one count. pose proof (few_saved (Z.to_nat (k - 1))) as saved.
  rewrite Z2Nat.id in saved by lia.
  assert (enough : sum (fun _ => k) v <= cost_of v + sum (fun x => Z.max 0 (k - 1 - snd x)) v).
  { unfold cost_of. rewrite <- sum_plus. apply sum_le. intros x here.
    destruct (single x here) as (_ & output_1 & _ & _ & zero). rewrite output_1, zero. lia. }
  rewrite sum_const, count in enough. nia.
Qed.
End LowerBound.

Section Costs.
Variable u : Z.
Variable requests : list request.
Hypothesis positive : 1 <= u.
Hypothesis instance : sane_instance (u + 1) 1 requests.
Hypothesis single : Forall (one_token u) requests.

(* A policy that assumes a tokens of each request runs c at a time. *)
Lemma batches_of p a c q fuel l : p = amax (u + 1) 1 \/ p = h_sf (u + 1) 1 -> 1 <= a ->
  (forall r, one_token u r -> assume p r = a) -> 1 <= c -> 0 <= q ->
  (forall n, 0 <= n -> n * (a + 1) <= u + 1 <-> n <= c) -> Z.of_nat (length requests) = c * q ->
  simulate p fuel requests = Some l -> 2 * total_latency l = c * (q * (q + 1)).
Proof.
  intros is some length_a room rounds few whole made.
  destruct (reserving_policies (u + 1) 1 requests instance p) as [same enough]; [tauto|].
  apply (batches_cost (u + 1) c q requests instance) with (p := p) (fuel := fuel); auto.
  - eapply Forall_impl; [|exact single]. now intros r (_ & one & _ & _ & zero).
  - intros R own_R none. rewrite (fresh_fit (u + 1) a R); [apply few; lia|lia|exact some|].
    apply Forall_forall. intros j here. rewrite Forall_forall in own_R, none, single.
    destruct (own_R j here) as (is_known & prompt_1 & length_j & _).
    pose proof (single _ is_known) as one. rewrite prompt_1, length_j, (length_a _ one).
    split; [apply one|]. auto.
Qed.

(* T13 (a): the costs of Amax, Amin and the optimum on k * k requests of one token. *)
Theorem one_token_costs : let k := (u + 1) / 2 in Z.of_nat (length requests) = k * k ->
  exists n, optimum (u + 1) 1 requests n /\ 2 * n = k * k * (k + 1) /\
    (forall fuel l, simulate (amax (u + 1) 1) fuel requests = Some l ->
      (k + 1) * total_latency l = (k * k + 1) * n /\ (u - 2) * n < 2 * total_latency l) /\
    (forall fuel l, simulate (amin (u + 1) 1) fuel requests = Some l -> total_latency l = n).
Proof.
  intros k count. pose proof (Z.div_mod (u + 1) 2 ltac:(lia)) as parts. fold k in parts.
  pose proof (Z.mod_pos_bound (u + 1) 2 ltac:(lia)) as rest. assert (some : 1 <= k) by lia.
  destruct (policies_terminate (u + 1) 1 requests (h_sf (u + 1) 1) instance ltac:(tauto))
    as (fuel0 & best & made & _).
  assert (one_by_one : forall fuel l, simulate (h_sf (u + 1) 1) fuel requests = Some l ->
    2 * total_latency l = k * (k * (k + 1))).
  { intros fuel l run.
    apply (batches_of (h_sf (u + 1) 1) 1 k k fuel l); auto; try lia;
      now intros r (_ & one & _). }
  exists (total_latency best). pose proof (one_by_one _ _ made) as cost.
  assert (opt : optimum (u + 1) 1 requests (total_latency best)).
  { split.
    - exists best. split; [|reflexivity].
      now apply (never_overflows (u + 1) 1 requests (h_sf (u + 1) 1) instance ltac:(tauto)) in made.
    - intros s V. destruct (vector_in_order (u + 1) 1 ltac:(lia) requests s instance V)
        as (v & same & vector & <-). enough (k * k * (k + 1) <= 2 * cost_of v) by lia.
      apply (least_cost u k v vector); try lia.
      + intros x here. rewrite Forall_forall in single. apply single. rewrite <- same.
        now apply in_map.
      + now rewrite <- count, <- same, map_length. }
  split; [exact opt|]. split; [lia|]. split.
  - intros fuel l run. assert (2 * total_latency l = 1 * (k * k * (k * k + 1))); [|nia].
    apply (batches_of (amax (u + 1) 1) u 1 (k * k) fuel l); auto; try nia.
    intros r (prompt_1 & _ & _ & known & _). cbn. unfold pessimistic.
    rewrite known, prompt_1, Z.div_1_r. lia.
  - intros fuel l run.
    destruct (exact_bounds (u + 1) 1 requests instance) as [_ same].
    { eapply Forall_impl; [|exact single]. intros r (_ & one & low & _). congruence. }
    destruct (proj1 (same fuel) l run) as (l' & run' & order).
    pose proof (one_by_one fuel l' run'). enough (total_latency l = total_latency l') by lia.
    apply sum_perm. now apply filter_perm.
Qed.
End Costs.

(* For every u there are such requests. *)
Lemma one_token_exist u n : 1 <= u -> 0 <= n -> exists requests,
  sane_instance (u + 1) 1 requests /\ Forall (one_token u) requests /\
  Z.of_nat (length requests) = n.
Proof.
  intros positive some. set (requests := numbered 1 u 0 (many n 1)). exists requests.
  assert (single : Forall (one_token u) requests).
  { apply Forall_forall. intros r here. apply in_numbered in here as (o & k & here & _ & ->).
    apply repeat_spec in here. unfold one_token. cbn. auto. }
  split; [constructor|]; try lia; try apply numbered_distinct.
  - eapply Forall_impl; [|exact single]. intros r (prompt_1 & output_1 & low & known & zero).
    constructor; rewrite ?prompt_1, ?output_1, ?low, ?known, ?zero; try lia.
    + intros b same. injection same as <-. lia.
    + unfold occ. rewrite Z.div_1_r. lia.
  - split; [exact single|].
    assert (count : forall l i, length (numbered 1 u i l) = length l)
      by (induction l as [|o l IH]; intros i; cbn; [reflexivity|]; now rewrite IH).
    unfold requests, many. rewrite count, repeat_length. lia.
Qed.

(* T13 (a) for all such requests, of which there are some. *)
Theorem amax_family u : 1 <= u -> let k := (u + 1) / 2 in
  (exists requests, sane_instance (u + 1) 1 requests /\ Forall (one_token u) requests /\
    Z.of_nat (length requests) = k * k) /\
  forall requests, sane_instance (u + 1) 1 requests -> Forall (one_token u) requests ->
  Z.of_nat (length requests) = k * k ->
  exists n, optimum (u + 1) 1 requests n /\ 2 * n = k * k * (k + 1) /\
    (forall fuel l, simulate (amax (u + 1) 1) fuel requests = Some l ->
      (k + 1) * total_latency l = (k * k + 1) * n /\ (u - 2) * n < 2 * total_latency l) /\
    (forall fuel l, simulate (amin (u + 1) 1) fuel requests = Some l -> total_latency l = n).
Proof.
  intros positive k. split.
  - apply one_token_exist; [exact positive|apply Z.square_nonneg].
  - intros requests instance single. exact (one_token_costs u requests positive instance single).
Qed.
