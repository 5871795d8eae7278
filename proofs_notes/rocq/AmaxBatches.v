(* T13 (c), Amax's half: batches of k equal requests run one after the other, whatever their
   lengths. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Ratio Family.
From AminRef Require Import Policies Reserved PolicyRuns FamilyPlaced.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* Two states without requests, after different numbers of rounds, have the same log. *)
Lemma one_log p m n s : steps p [] [] = ([], [], []) -> is_done (after p m s) = true ->
  is_done (after p n s) = true -> log (after p m s) = log (after p n s).
Proof.
  intros idle ended ended'. destruct (Nat.le_ge_cases m n) as [less|more].
  - replace n with ((n - m) + m)%nat by lia. rewrite after_add.
    symmetry. now apply (after_end p idle).
  - replace m with ((m - n) + n)%nat by lia. rewrite after_add. now apply (after_end p idle).
Qed.

Section Batches.
Variables s u L k : Z.
Hypothesis some_prompt : 1 <= s.
Hypothesis long_enough : 1 <= L <= u.
Hypothesis some_at_once : 1 <= k.
Definition batch_cache : Z := (k + 1) * (s + u) - L.
Notation M := batch_cache.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis uniform :
  Forall (fun r => prompt_len r = s /\ upper r = Some u /\ arrival r = 0) requests.
Notation p := (amax M 1).
Let reserves := reserving_policies M 1 requests instance p ltac:(tauto).
Let ordinary := reserving_common M 1 requests instance p (proj1 reserves) (proj2 reserves).
Let good := kept_after M 1 requests instance p _ ordinary.
Notation kept := (kept M 1 requests p (never_exceeds M 1)).

(* The job of request r that has generated t tokens. *)
Definition aged (t : Z) (r : request) : job request := Job r s u (rank_of r) t.

(* The capacity is enough for k reservations and not for k + 1, even L - 1 rounds later. *)
Lemma cache_size : k * (s + u) <= M /\ M + L = k * (s + u) + (s + u) /\ 0 <= M.
Proof. unfold batch_cache. nia. Qed.

(* A request that arrives is new. *)
Lemma new_is_aged r : In r requests -> new_job p r = aged 0 r.
Proof.
  intros here. rewrite Forall_forall in uniform. destruct (uniform r here) as (same & known & _).
  destruct cache_size as (fits & _). assert (s + u <= M) by nia.
  unfold new_job, aged. cbn [assume amax]. unfold pessimistic. rewrite known, same, Z.div_1_r.
  f_equal. lia.
Qed.

(* What k requests of age t and one new request hold when they hold most. *)
Lemma too_many t (B : list request) w : 0 <= t < L -> Z.of_nat (length B) = k ->
  ~ never_exceeds M 1 (map (aged t) B ++ [aged 0 w]).
Proof.
  intros range count fit. specialize (fit (u - t - 1) ltac:(lia)).
  rewrite as_assumed_app, !as_assumed_sum, sum_map in fit.
  rewrite (sum_ext _ (fun _ => s + u)), sum_const, count in fit.
  - cbn in fit. unfold more_tokens, will_hold in fit. cbn [aged assumed generated prompt] in fit.
    destruct (Z.ltb_spec 0 u); [|lia].
    destruct (Z.ltb_spec (u - t - 1) (u - 0)); [|lia].
    rewrite whole_blocks_occ in fit by lia. unfold occ in fit. rewrite Z.div_1_r in fit.
    destruct cache_size as (_ & size & _). lia.
  - intros r _. unfold more_tokens, will_hold. cbn [aged assumed generated prompt].
    destruct (Z.ltb_spec t u); [|lia]. destruct (Z.ltb_spec (u - t - 1) (u - t)); [|lia].
    rewrite whole_blocks_occ by lia. unfold occ. rewrite Z.div_1_r. lia.
Qed.

(* k new requests fit. *)
Lemma batch_fits (B : list request) : Z.of_nat (length B) <= k ->
  never_exceeds M 1 (map (aged 0) B).
Proof.
  intros few j later. destruct cache_size as (size & _). rewrite as_assumed_sum, sum_map.
  transitivity (sum (fun _ => s + u) B); [|rewrite sum_const; nia]. apply sum_le. intros r _.
  unfold more_tokens, will_hold. cbn [aged assumed generated prompt].
  destruct (Z.ltb_spec 0 u); [|lia]. destruct (Z.ltb_spec j (u - 0)); [|lia].
  rewrite whole_blocks_occ by lia. unfold occ. rewrite Z.div_1_r. lia.
Qed.

(* If a plan fits, so does that of its first part. *)
Lemma fits_before' (m : list (job request)) (counted : Forall counts m) l :
  never_exceeds M 1 (l ++ m) -> never_exceeds M 1 l.
Proof. exact (Steps.fits_before M 1 ltac:(lia) l m counted). Qed.

(* So no plan of more fits. *)
Lemma none_beside t (B : list request) w (others all : list (job request)) : 0 <= t < L ->
  Z.of_nat (length B) = k -> Forall counts others ->
  Permutation all ((map (aged t) B ++ [aged 0 w]) ++ others) -> ~ never_exceeds M 1 all.
Proof.
  intros range count counted same fit. apply (too_many t B w range count).
  apply (fits_before' others counted). intros j later.
  rewrite <- (as_assumed_perm 1 j _ _ same). exact (fit j later).
Qed.

(* One round in which the requests of batch B, of age t, generate a token and no other is admitted:
   that in which they are admitted, or a later one. *)
Lemma batch_decides st t B rest : kept st -> 0 <= t < L -> Z.of_nat (length B) = k ->
  (t = 0 /\ running st = [] /\ queue_of p st = map (aged 0) (B ++ rest)) \/
  (running st = map (aged t) (rev B) /\ queue_of p st = map (aged 0) rest) ->
  decided_by p st = ([], map (aged t) (rev B), map (aged 0) rest).
Proof.
  intros kept_st range count which. destruct (decided_by p st) as [[E R] W] eqn:decided.
  pose proof decided as step. unfold decided_by in step. rewrite (proj1 reserves) in step.
  destruct (reserving_decides M 1 ltac:(lia) _ _ _ _ _ (kept_fine _ _ _ _ _ st kept_st) step)
    as (A & -> & -> & queued & fit & stop).
  assert (new_counts : forall l, Forall counts (map (aged 0) l))
    by (intros l; apply Forall_map, Forall_forall; intros r _; split; cbn; lia).
  destruct which as [(-> & idle & queue)|(busy & queue)];
    rewrite queue in queued; apply map_eq_app in queued as (a & w & split & <- & <-).
  - rewrite idle, app_nil_r in *. apply app_eq_app in split as (l & [[-> ->]|[-> ->]]);
      destruct l as [|r l]; rewrite ?app_nil_r; [now rewrite map_rev| |now rewrite map_rev|];
      exfalso.
    + apply (stop _ _ eq_refl). cbn [app]. rewrite app_length in count. cbn in count.
      change [aged 0 r] with (map (aged 0) [r]). rewrite <- map_app.
      apply batch_fits. rewrite app_length. cbn. lia.
    + revert fit. apply (none_beside 0 B r (map (aged 0) l)); auto.
      rewrite <- Permutation_rev, map_app, <- app_assoc. reflexivity.
  - destruct a as [|r a]; [cbn in *; now rewrite split, busy|]. exfalso. revert fit.
    apply (none_beside t (rev B) r (map (aged 0) a)); auto; [now rewrite rev_length|].
    rewrite busy, <- Permutation_rev. cbn [map]. rewrite <- app_assoc. cbn [app].
    exact (Permutation_app_comm (aged 0 r :: map (aged 0) a) (map (aged t) (rev B))).
Qed.

(* All requests arrive in round 0. *)
Lemma all_arrived st : kept st -> 0 <= now st -> coming_later st = [].
Proof.
  intros kept_st from_now. apply filter_none. intros r here. apply negb_false_iff, Z.leb_le.
  pose proof uniform as same. rewrite Forall_forall in same.
  destruct (same r (coming_known M 1 requests p _ st kept_st r here)) as (_ & _ & ->).
  exact from_now.
Qed.

(* What the round leaves: the requests of B one token older, or completed if they have x tokens. *)
Lemma batch_round st t x B rest : kept st -> 0 <= now st -> 0 <= t < x -> x <= L ->
  Z.of_nat (length B) = k -> Forall (fun r => output_len r = x /\ arrival r = 0) B ->
  (t = 0 /\ running st = [] /\ queue_of p st = map (aged 0) (B ++ rest)) \/
  (running st = map (aged t) (rev B) /\ queue_of p st = map (aged 0) rest) ->
  let st' := round p st in
  now st' = now st + 1 /\ queue_of p st' = map (aged 0) rest /\
  (t + 1 < x -> running st' = map (aged (t + 1)) (rev B) /\ log st' = log st) /\
  (t + 1 = x -> running st' = [] /\
    total_latency (log st') = k * (now st + 1) + total_latency (log st)).
Proof.
  intros kept_st from_now range short count all which st'.
  pose proof (batch_decides st t B rest kept_st ltac:(lia) count which) as decided.
  pose proof (round_of p st _ _ _ decided) as next. fold st' in next.
  assert (older : map one_more (map (aged t) (rev B)) = map (aged (t + 1)) (rev B))
    by (rewrite map_map; reflexivity).
  rewrite older in next. cbn [map insert_all fold_right app] in next. apply Forall_rev in all.
  rewrite (all_arrived st kept_st from_now) in next.
  split; [now rewrite next|]. split; [unfold queue_of, arriving; now rewrite next|].
  rewrite Forall_forall in all. split; intros less.
  - rewrite next. cbn [running log].
    rewrite (filter_all unfinished), (filter_none has_all); [now split| |];
      intros j here; apply in_map_iff in here as (r & <- & here);
      destruct (all r here) as [same _]; [|apply negb_true_iff]; apply Z.eqb_neq; cbn; lia.
  - rewrite next. cbn [running log].
    assert (done : forall j, In j (map (aged (t + 1)) (rev B)) -> has_all j = true).
    { intros j here. apply in_map_iff in here as (r & <- & here). destruct (all r here) as [same _].
      apply Z.eqb_eq. cbn. lia. }
    rewrite (filter_none unfinished) by (intros j here; unfold unfinished; now rewrite done).
    rewrite (filter_all has_all) by exact done. split; [reflexivity|].
    unfold total_latency. rewrite filter_app, sum_app, filter_all, !sum_map.
    + f_equal. rewrite (sum_ext _ (fun _ => now st + 1)), sum_const, rev_length; [lia|].
      intros r here. cbn. destruct (all r here) as [_ ->]. lia.
    + intros y here. apply in_map_iff in here as (j & <- & _). reflexivity.
Qed.

Section OneBatch.
Variable n0 : nat.
Variable x : Z.
Variables B rest : list request.
Notation state_at t := (after p (t + n0) (begin requests)).
Hypothesis idle : running (state_at 0) = [].
Hypothesis queue : queue_of p (state_at 0) = map (aged 0) (B ++ rest).
Hypothesis range : 1 <= x <= L.
Hypothesis count : Z.of_nat (length B) = k.
Hypothesis all : Forall (fun r => output_len r = x /\ arrival r = 0) B.

(* After t < x rounds the batch runs, and no other request was admitted. *)
Lemma batch_runs t : Z.of_nat t < x ->
  ((Z.of_nat t = 0 /\ running (state_at t) = [] /\
      queue_of p (state_at t) = map (aged 0) (B ++ rest)) \/
    (running (state_at t) = map (aged (Z.of_nat t)) (rev B) /\
      queue_of p (state_at t) = map (aged 0) rest)) /\
  log (state_at t) = log (state_at 0).
Proof.
  induction t as [|t IH]; intros less; [auto|].
  destruct (IH ltac:(lia)) as [which same].
  destruct (batch_round (state_at t) (Z.of_nat t) x B rest (good _) ltac:(rewrite now_after; lia)
    ltac:(lia) ltac:(lia) count all which) as (_ & queue' & on & _).
  destruct (on ltac:(lia)) as [runs log']. rewrite Nat2Z.inj_succ.
  change (state_at (Datatypes.S t)) with (round p (state_at t)).
  split; [right; split; [exact runs|exact queue']|]. now rewrite log'.
Qed.

(* After x rounds it has completed. *)
Lemma batch_done : let st := state_at (Z.to_nat x) in
  running st = [] /\ queue_of p st = map (aged 0) rest /\
  total_latency (log st) = k * (Z.of_nat n0 + x) + total_latency (log (state_at 0)).
Proof.
  intros st. destruct (batch_runs (Z.to_nat (x - 1)) ltac:(lia)) as [which same].
  set (before := state_at (Z.to_nat (x - 1))) in *.
  assert (last : st = round p before).
  { unfold st. replace (Z.to_nat x) with (Datatypes.S (Z.to_nat (x - 1))) by lia. reflexivity. }
  assert (time : now before = Z.of_nat n0 + x - 1) by (unfold before; rewrite now_after; lia).
  destruct (batch_round before (Z.of_nat (Z.to_nat (x - 1))) x B rest (good _) ltac:(lia) ltac:(lia)
    ltac:(lia) count all which) as (_ & queue' & _ & ends).
  destruct (ends ltac:(lia)) as [idle' cost]. rewrite <- last in *.
  split; [exact idle'|]. split; [exact queue'|]. rewrite cost, same, time. f_equal. f_equal. lia.
Qed.
End OneBatch.

(* All batches, one after the other. *)
Lemma batches_run xs n0 rs : Forall (fun x => 1 <= x <= L) xs ->
  map output_len rs = flat_map (many k) xs -> Forall (fun r => arrival r = 0) rs ->
  running (after p n0 (begin requests)) = [] ->
  queue_of p (after p n0 (begin requests)) = map (aged 0) rs ->
  exists n, running (after p n (begin requests)) = [] /\
    queue_of p (after p n (begin requests)) = [] /\
    total_latency (log (after p n (begin requests))) =
      k * sum_of_totals (fun x => x) (Z.of_nat n0) xs +
      total_latency (log (after p n0 (begin requests))).
Proof.
  revert n0 rs. induction xs as [|x xs IH]; intros n0 rs lengths outputs zero idle queue.
  - exists n0. apply map_eq_nil in outputs. subst rs. cbn. rewrite Z.mul_0_r. auto.
  - apply Forall_cons_iff in lengths as [range lengths]. cbn [flat_map] in outputs.
    apply map_eq_app in outputs as (B & rest & -> & first & outputs).
    apply Forall_app in zero as [zero_B zero].
    assert (count : Z.of_nat (length B) = k).
    { apply (f_equal (@length _)) in first. unfold many in first.
      rewrite map_length, repeat_length in first. lia. }
    assert (all : Forall (fun r => output_len r = x /\ arrival r = 0) B).
    { rewrite Forall_forall in *. intros r here. split; [|auto]. apply (in_map output_len) in here.
      rewrite first in here. now apply repeat_spec in here. }
    destruct (batch_done n0 x B rest idle queue range count all) as (idle' & queue' & cost).
    destruct (IH _ rest lengths outputs zero idle' queue') as (n & done & empty & cost').
    exists n. split; [exact done|]. split; [exact empty|]. rewrite cost', cost.
    cbn [sum_of_totals plus]. rewrite Nat2Z.inj_add, Z2Nat.id by lia.
    rewrite (Z.add_comm x). lia.
Qed.

(* T13 (c): what Amax costs. *)
Theorem amax_batches xs fuel l : StronglySorted (fun r q => rank_of r <= rank_of q) requests ->
  Forall (fun x => 1 <= x <= L) xs -> map output_len requests = flat_map (many k) xs ->
  simulate p fuel requests = Some l -> total_latency l = k * sum_of_totals (fun x => x) 0 xs.
Proof.
  intros by_rank lengths outputs made.
  assert (zero : Forall (fun r => arrival r = 0) requests)
    by (eapply Forall_impl; [|exact uniform]; now intros r (_ & _ & is)).
  assert (queue : queue_of p (begin requests) = map (aged 0) requests).
  { assert (here : arriving (begin requests) = requests).
    { apply filter_all. intros r here. rewrite Forall_forall in zero. apply Z.leb_le.
      rewrite (zero r here). cbn. lia. }
    unfold queue_of. rewrite here, (map_ext_in _ (aged 0)) by exact new_is_aged.
    apply insert_all_in_place. clear - by_rank.
    induction by_rank as [|r rs _ IH first]; cbn [map]; constructor; [exact IH|].
    apply Forall_map. eapply Forall_impl; [|exact first]. intros q le.
    apply precedes_spec. right. split; [reflexivity|exact le]. }
  destruct (batches_run xs 0 requests lengths outputs zero eq_refl queue)
    as (n & idle & empty & cost).
  apply rounds_from in made as (m & ended & <-). rewrite (one_log p m n _ eq_refl ended).
  - rewrite cost. cbn. lia.
  - apply is_done_spec. split; [exact idle|].
    pose proof (queue_of_perm p (after p n (begin requests))) as same. rewrite empty in same.
    apply Permutation_nil, app_eq_nil in same as [no_W no_C]. split; [exact no_W|].
    apply map_eq_nil in no_C. pose proof (coming_perm (after p n (begin requests))) as all.
    rewrite no_C, (all_arrived _ (good n)) in all by (rewrite now_after; lia).
    now apply Permutation_nil.
Qed.
End Batches.

(* Twelve requests with s = l = 1, u = 12 and k = 1, the longest first. *)
Definition twelve : list request := numbered 1 12 0 [4; 4; 3; 1; 1; 1; 1; 1; 1; 1; 1; 1].

(* They are an instance for M = 22. *)
Lemma twelve_sane : sane_instance (batch_cache 1 12 4 1) 1 twelve.
Proof.
  constructor; [discriminate|lia| |apply numbered_distinct|apply numbered_distinct].
  repeat constructor; try discriminate; cbn; intros b same; injection same as <-; lia.
Qed.

(* Amax costs 167 on them, and some valid schedule 21. *)
Theorem twelve_costs : (exists best, valid (batch_cache 1 12 4 1) 1 twelve best /\
    total_latency best = 21) /\
  forall fuel l, simulate (amax (batch_cache 1 12 4 1) 1) fuel twelve = Some l ->
    total_latency l = 167.
Proof.
  split.
  - destruct (simulate (h_sf (batch_cache 1 12 4 1) 1) 12 twelve) as [best|] eqn:made;
      [|vm_compute in made; discriminate].
    exists best. split.
    + now apply (never_overflows _ 1 twelve (h_sf _ 1) twelve_sane ltac:(tauto)) in made.
    + vm_compute in made. injection made as <-. reflexivity.
  - intros fuel l made.
    rewrite (amax_batches 1 12 4 1 ltac:(lia) ltac:(lia) ltac:(lia) twelve twelve_sane
      ltac:(repeat constructor) [4; 4; 3; 1; 1; 1; 1; 1; 1; 1; 1; 1] fuel l
      ltac:(repeat constructor; discriminate) ltac:(repeat constructor; discriminate)
      eq_refl made). reflexivity.
Qed.
