(* T13 (b): on every uniform instance Amax costs at most 1 + (M / k) * mu times OPT. *)
From Coq Require Import ZArith QArith Lqa List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Ratio Family FamilyFits.
From AminRef Require Import Policies Reserved Delays Layers.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies Fractions.
Import ListNotations.
Open Scope Z_scope.

(* A request of a uniform instance: prompt s, bounds low and u, arrival in round 0. *)
Definition of_uniform (s low u : Z) (r : request) : Prop :=
  prompt_len r = s /\ lower r = low /\ upper r = Some u /\ arrival r = 0.

Section Uniform.
Variables M s low u : Z.
Hypothesis prompt_positive : 1 <= s.
Hypothesis bounds : 1 <= low <= u.
Hypothesis room : s + u <= M.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis uniform : Forall (of_uniform s low u) requests.
Notation p := (amax M 1).
Let reserves := reserving_policies M 1 requests instance p ltac:(tauto).
Let k := M / (s + u).

(* How many requests of u tokens fit. *)
Lemma at_once_fit : 1 <= k /\ k * (s + u) <= M < (k + 1) * (s + u).
Proof.
  unfold k. pose proof (Z.div_mod M (s + u) ltac:(lia)).
  pose proof (Z.mod_pos_bound M (s + u) ltac:(lia)).
  pose proof (Z.div_le_lower_bound M (s + u) 1 ltac:(lia) ltac:(lia)). nia.
Qed.

(* All requests arrive in round 0. *)
Lemma uniform_at_once : at_once requests.
Proof. eapply Forall_impl; [|exact uniform]. now intros r (_ & _ & _ & zero). Qed.

(* The outputs are in the interval. *)
Lemma outputs_between r : In r requests -> low <= output_len r <= u.
Proof.
  intros here. pose proof uniform as all. rewrite Forall_forall in all.
  destruct (all r here) as (_ & low_r & up_r & _).
  destruct (sane_of M 1 requests instance r here) as [_ _ low_ok up_ok _ _].
  specialize (up_ok u up_r). lia.
Qed.

(* k jobs fit as planned. *)
Lemma few_fit R : Forall (own requests p) R -> Z.of_nat (length R) <= k -> never_exceeds M 1 R.
Proof.
  intros all few j later. destruct at_once_fit as (_ & size & _). rewrite as_assumed_sum.
  transitivity (sum (fun _ => s + u) R); [|rewrite sum_const; nia]. apply sum_le. intros i here.
  pose proof uniform as known. rewrite Forall_forall in all, known.
  destruct (all i here) as (is_known & same & length & some).
  destruct (known _ is_known) as (prompt_s & _ & up & _). pose proof (outputs_between _ is_known).
  cbn in length. unfold pessimistic in *.
  rewrite up, prompt_s, Z.div_1_r in length. unfold more_tokens, will_hold.
  rewrite whole_blocks_occ by lia. unfold occ. rewrite Z.div_1_r.
  destruct (Z.ltb_spec (generated i) (assumed i)); [|lia].
  destruct (Z.ltb_spec j (assumed i - generated i)); lia.
Qed.

(* While a request waits after step 4, at least k run. *)
Lemma many_run t A w later : kept M 1 requests p (never_exceeds M 1) t ->
  queue_of p t = A ++ w :: later -> ~ never_exceeds M 1 (running t ++ A ++ [w]) ->
  k <= sum (fun _ => 1) (rev A ++ running t).
Proof.
  intros good queued no. apply Z.nlt_ge. intros few. apply no.
  pose proof (queue_own M 1 requests instance p _ t _ A good queued) as new.
  apply Forall_app in new as [new_A new_w]. apply Forall_cons_iff in new_w as [(own_w & _) _].
  rewrite sum_const, app_length, rev_length in few. apply few_fit.
  - rewrite !Forall_app. repeat split.
    + eapply Forall_impl; [|exact (kept_running _ _ _ _ _ t good)]. now intros j [is _].
    + eapply Forall_impl; [|exact new_A]. now intros j [is _].
    + now constructor.
  - rewrite !app_length. cbn [length]. lia.
Qed.

(* In any order, totals are at most what the greater values of pairs add up to. *)
Lemma totals_below_pairs {A} (f : A -> Z) before l :
  2 * sum_of_totals f before l
  <= 2 * before * Z.of_nat (length l) + pairs (greater f) l + sum f l.
Proof.
  revert before. induction l as [|x l IH]; intros before; [cbn; lia|].
  rewrite pairs_cons. cbn [sum_of_totals sum length]. specialize (IH (before + f x)).
  assert (f x * Z.of_nat (length l) <= sum (greater f x) l)
    by (rewrite <- sum_const; apply sum_le; intros y _; unfold greater; lia).
  assert (f x * Z.of_nat (length l) <= sum (fun y => greater f y x) l)
    by (rewrite <- sum_const; apply sum_le; intros y _; unfold greater; lia).
  unfold greater at 1. nia.
Qed.

(* k times what Amax costs, twice. *)
Lemma amax_costs fuel l : simulate p fuel requests = Some l ->
  2 * k * total_latency l <= pairs (greater output_len) requests + 2 * k * sum output_len requests.
Proof.
  intros made. pose proof uniform_at_once as zero.
  destruct (starts_are_paid M 1 requests instance zero p (proj1 reserves) (proj2 reserves)
    (fun _ => 1) k (fun _ _ => Z.le_0_1) many_run fuel l made)
    as (v & delays & all & _ & cost).
  destruct (order_is_requests M 1 requests instance zero p) as [same _].
  apply delays_total in delays. rewrite all in delays.
  assert (one : forall r : request, work (fun _ => 1) r = output_len r)
    by (intros r; apply Z.mul_1_l).
  rewrite (sum_ext _ output_len) in delays by (intros r _; apply one).
  assert (totals : forall before m, sum_of_totals (work (fun _ => 1)) before m
    = sum_of_totals output_len before m).
  { intros before m. revert before. induction m as [|r m IH]; intros before; [reflexivity|].
    cbn [sum_of_totals]. now rewrite one, IH. }
  rewrite totals in delays.
  pose proof (totals_below_pairs output_len 0 (in_its_order requests p)) as below.
  rewrite (Ratio.pairs_perm _ _ _ same), (sum_perm _ _ _ same) in below.
  rewrite (sum_perm _ _ _ same) in delays. rewrite cost.
  assert (0 <= sum output_len requests); [|lia].
  apply sum_nonneg. intros r here. pose proof (outputs_between r here). lia.
Qed.

(* The smaller volumes of the pairs are those of the smaller outputs. *)
Lemma smaller_volumes : pairs (smaller (volume_of 1)) requests
  = pairs (smaller_volume output_len s) requests.
Proof.
  assert (volume : forall r, In r requests -> volume_of 1 r = vol s (output_len r)).
  { intros r here. pose proof uniform as all. rewrite Forall_forall in all.
    destruct (all r here) as (prompt_s & _). pose proof (outputs_between r here).
    pose proof (volume_closed r (Z.to_nat (output_len r))) as closed.
    rewrite Z2Nat.id, prompt_s in closed by lia. pose proof (vol_twice s (output_len r)).
    unfold volume_of. lia. }
  unfold pairs. apply sum_ext. intros i here. apply sum_ext. intros j there.
  unfold smaller, smaller_volume. rewrite (volume i here), (volume j there).
  pose proof (outputs_between i here). pose proof (outputs_between j there).
  pose proof (vol_twice s (output_len i)). pose proof (vol_twice s (output_len j)).
  destruct (Z.le_ge_cases (output_len i) (output_len j)).
  - rewrite (Z.min_l (output_len i)) by lia. apply Z.min_l. nia.
  - rewrite (Z.min_r (output_len i)) by lia. apply Z.min_r. nia.
Qed.

(* T13 (b). *)
Theorem amax_ratio m fuel made best : (0 < m)%Q ->
  (left_side s low u m <= right_side s low m)%Q ->
  simulate p fuel requests = Some made -> valid M 1 requests best ->
  (inject_Z (total_latency made) <=
    (1 + inject_Z M / inject_Z k * m) * inject_Z (total_latency best))%Q.
Proof.
  intros some root run V. destruct at_once_fit as (one & _).
  pose proof (amax_costs fuel made run) as costs.
  pose proof (cost_of_pairs M 1 requests instance best uniform_at_once V) as lower_pairs.
  pose proof (cost_of_outputs M 1 requests instance best uniform_at_once V) as lower_outputs.
  pose proof (pairs_compare output_len s low u requests m ltac:(lia) ltac:(lia) outputs_between
    some root) as compare.
  rewrite smaller_volumes in lower_pairs.
  assert (0 <= sum (volume_of 1) requests).
  { apply sum_nonneg. intros r here. apply (volume_nonneg M 1 requests instance).
    pose proof (some_prompt _ _ _ (sane_of M 1 requests instance r here)). lia. }
  set (greatest := pairs (greater output_len) requests) in *.
  set (smallest := pairs (smaller_volume output_len s) requests) in *.
  apply (Z.mul_le_mono_nonneg_l _ _ k) in lower_outputs; [|lia].
  assert (in_Z : 2 * k * total_latency made <= greatest + 2 * k * total_latency best) by lia.
  assert (in_Z' : smallest <= 2 * M * total_latency best) by lia.
  apply integers_le in in_Z, in_Z'. rewrite inject_Z_plus, !inject_Z_mult in in_Z.
  rewrite !inject_Z_mult in in_Z'.
  assert (k_some : (1 <= inject_Z k)%Q) by exact (proj1 (integers_le 1 k) one).
  set (K := inject_Z k) in *. set (opt := inject_Z (total_latency best)) in *.
  set (cost := inject_Z (total_latency made)) in *. change (inject_Z 2) with 2%Q in *.
  assert (scaled : (K * cost <= K * ((1 + inject_Z M / K * m) * opt))%Q).
  { assert (same : (K * ((1 + inject_Z M / K * m) * opt) == K * opt + inject_Z M * m * opt)%Q)
      by (field; lra). rewrite same. nra. }
  apply Qmult_le_l in scaled; [exact scaled|lra].
Qed.
End Uniform.

(* T13 (b), with the number of requests that fit at once. *)
Theorem uniform_ratio M s l u m requests fuel made best : 1 <= s -> 1 <= l <= u -> s + u <= M ->
  sane_instance M 1 requests -> Forall (of_uniform s l u) requests ->
  (0 < m)%Q -> (left_side s l u m <= right_side s l m)%Q ->
  simulate (amax M 1) fuel requests = Some made -> valid M 1 requests best ->
  let k := M / (s + u) in (1 <= k /\ k * (s + u) <= M < (k + 1) * (s + u)) /\
  (inject_Z (total_latency made) <=
    (1 + inject_Z M / inject_Z k * m) * inject_Z (total_latency best))%Q.
Proof.
  intros prompt bounds room instance uniform some root run V k.
  split; [exact (at_once_fit M s l u prompt bounds room)|].
  now apply (amax_ratio M s l u prompt bounds room requests instance uniform m fuel).
Qed.
