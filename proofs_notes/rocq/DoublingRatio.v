(* T19: for equal prompts at once, doubling budgets cost at most 143 / 3 times what any valid
   schedule costs. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Certificate Ratio Doubling DoublingNumbers.
From AminRef Require Import DoublingRounds DoublingTime.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Phases.
From AminRef.facts Require AtOnce.
Import ListNotations.
Open Scope Z_scope.

Section Doubling.
Variables M prompt_all l : Z.
Variable earlier : job request -> job request -> bool.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis equal : Forall (fun r => prompt_len r = prompt_all) requests.
Hypothesis some_budget : 1 <= l.
Hypothesis lengths : Forall (fun r => l <= output_len r) requests.
Hypothesis some_prompt : 1 <= prompt_all.
Hypothesis room : 1 <= l <= M - prompt_all.
Notation next := (round (doubling M 1 l earlier)).
Notation cap := (M - prompt_all).
Notation budget := (budget l cap).
Notation takes_part := (takes_part l cap).
Notation in_phase := (in_phase M prompt_all l requests).
Notation facts := (request_facts M prompt_all l requests instance equal some_budget lengths).
Notation tries := (tries M prompt_all l requests).
Notation starting := (starting M prompt_all l requests).
Notation begins_by := (begins_by M prompt_all l requests).
Notation timely := (timely M prompt_all l requests).
Notation on_time := (on_time M prompt_all l requests).
Notation some_room := (some_room M prompt_all l requests instance some_budget some_prompt room).
Notation phase_begins :=
  (phase_begins M prompt_all l requests instance some_budget some_prompt room).
Notation left_at_first := (left_at_first M prompt_all l requests some_budget room).

(* The cells of phase r, request by request. *)
Definition cells (r : nat) (q : request) : Z :=
  if takes_part r (output_len q) then 2 * budget r * (prompt_all + budget r) else 0.

(* The latest beginning of a phase, as sums over the phases before it. *)
Lemma begins_by_total n : begins_by n
  = sum (fun q => total (fun r => cells r q) n) requests + M * (total budget n + Z.of_nat n).
Proof.
  assert (one : forall r, starting r = sum (cells r) requests).
  { intros r. unfold starting, tries, rate. rewrite <- !sum_scale. apply sum_ext. intros q _.
    unfold cells. destruct (takes_part _ _); lia. }
  induction n as [|n IH]; cbn [begins_by total]; [rewrite sum_zero; [lia|reflexivity]|].
  rewrite IH, one, sum_plus. lia.
Qed.

(* M times a timely completion, against the volumes of all requests. *)
Lemma timely_bound q t : In q requests -> timely q t ->
  3 * M * t <= 64 * sum (smaller (volume_of 1) q) requests + 15 * M * output_len q.
Proof.
  intros here (r & part & less). rewrite begins_by_total in less.
  destruct (facts q here) as (same & _ & range).
  assert (volumes : forall i, In i requests ->
    64 * volume_of 1 i = 32 * output_len i * (2 * prompt_all + output_len i + 1)).
  { intros i there. destruct (facts i there) as (same_i & _ & ? & _). unfold volume_of.
    pose proof (volume_closed i (Z.to_nat (output_len i))) as closed.
    rewrite Z2Nat.id, same_i in closed by lia. lia. }
  destruct (phases_of_one l cap room prompt_all (output_len q) r) as [times area]; auto; [lia..|].
  assert (each : 3 * sum (fun i => total (fun r => cells r i) (S r)) requests
    <= 64 * sum (smaller (volume_of 1) q) requests).
  { rewrite <- !sum_scale. apply sum_le. intros i there. destruct (facts i there) as (_ & _ &
    range_i).
    pose proof (own_phases l cap room prompt_all (output_len i) r ltac:(lia) ltac:(lia)) as own.
    assert (total (fun r => cells r i) (S r)
      <= total (fun p => 2 * budget p * (prompt_all + budget p)) (S r)).
    { apply total_le. intros p. unfold cells. pose proof (budget_range l cap room p).
      assert (0 <= 2 * budget p * (prompt_all + budget p)) by (apply Z.mul_nonneg_nonneg; lia).
      destruct (takes_part p (output_len i)); lia. }
    pose proof (volumes i there). pose proof (volumes q here). unfold smaller, cells in *. lia. }
  destruct some_room as [capacity _].
  pose proof (Z.mul_le_mono_nonneg_l _ _ M capacity times). lia.
Qed.

(* The state of a round of some phase. *)
Definition in_some_phase (s : state) : Prop := exists r first, in_phase r s /\ on_time r first s.

(* While requests are left, the phase goes on. *)
Lemma phase_is_on s : in_some_phase s -> is_done s = false ->
  exists r first, in_phase r s /\ on_time r first s /\ phase_goes_on M prompt_all l r s.
Proof.
  intros (r & first & phase & time) not_done.
  assert (decided : phase_goes_on M prompt_all l r s \/ ~ phase_goes_on M prompt_all l r s).
  { unfold phase_goes_on. destruct (running s); [|left; left; discriminate].
    destruct (filter _ _); [right; intros [no|no]; easy|left; right; discriminate]. }
  destruct decided as [on|over]; [eauto|].
  destruct (phase_begins r first s phase time over) as (phase' & time' & on).
  exists (S r), (now s). split; [exact phase'|]. split; [exact time'|]. apply on. intros none.
  unfold is_done in not_done. rewrite none, (all_here _ _ _ _ _ _ phase) in not_done.
  destruct (running s) eqn:R; [discriminate|]. apply over. left. now rewrite R.
Qed.

(* A round leads on. *)
Lemma some_phase_next s : in_some_phase s -> is_done s = false ->
  in_some_phase (next s) /\ now (next s) = now s + 1.
Proof.
  intros here not_done. destruct (phase_is_on s here not_done) as (r & first & phase & time & on).
  destruct (round_in_phase M prompt_all l earlier requests instance equal some_budget lengths r s
    phase on) as (used & stay & A & L & tried & finished & going & parts).
  split; [|exact (clock _ _ _ _ _ _ _ _ _ _ _ parts)]. exists r, first. split.
  - eapply phase_next; eassumption.
  - eapply on_time_next; eassumption.
Qed.

(* Rounds come to an end by this time. *)
Definition limit : Z := 64 * sum (volume_of 1) requests + 15 * M * sum output_len requests + 1.

(* A state with a request left is before the limit. *)
Lemma before_limit s : in_some_phase s -> is_done s = false -> now s <= limit.
Proof.
  intros here not_done. destruct (phase_is_on s here not_done) as (r & first & phase & time & on).
  assert (some : exists j, In j (running s ++ waiting s)).
  { apply in_list. intros none. apply app_eq_nil in none as [no_R no_W]. destruct on as [on|on].
    - easy.
    - now rewrite no_W in on. }
  destruct some as [j there]. pose proof (job_request _ _ _ _ r s j phase there) as is_known.
  assert (on_time_yet : timely (tag j) (now s - 1)).
  { exists r. pose proof (part_ok _ _ _ _ _ _ phase) as part. rewrite Forall_forall in part.
    split; [auto|]. destruct time as [[_ ?] ? _ _ _]. cbn [begins_by]. nia. }
  apply timely_bound in on_time_yet; [|exact is_known].
  assert (nonneg : forall i, In i requests -> 0 <= volume_of 1 i /\ 0 <= output_len i).
  { intros i in_i. destruct (facts i in_i) as (? & ? & ? & _). split; [|lia].
    apply (volume_nonneg M 1 requests instance). lia. }
  assert (sum (smaller (volume_of 1) (tag j)) requests <= sum (volume_of 1) requests)
    by (apply sum_le; intros i _; unfold smaller; lia).
  assert (output_len (tag j) <= sum output_len requests).
  { apply in_split in is_known as (a & b & shape). rewrite shape, sum_app. cbn [sum].
    assert (some_sum : forall m, incl m requests -> 0 <= sum output_len m)
      by (intros m part; apply sum_nonneg; intros i in_i; now apply nonneg, part).
    pose proof (some_sum a (fun i here => ltac:(rewrite shape; apply in_app_iff; auto))).
    pose proof (some_sum b (fun i here => ltac:(rewrite shape; apply in_app_iff; cbn; auto))).
    lia. }
  assert (0 <= sum (volume_of 1) requests) by (apply sum_nonneg; intros i in_i; now apply nonneg).
  assert (0 <= output_len (tag j)) by now apply nonneg.
  assert (M * output_len (tag j) <= M * sum output_len requests) by (apply Z.mul_le_mono_nonneg_l;
    lia).
  assert (0 <= M * output_len (tag j)) by (apply Z.mul_nonneg_nonneg; lia).
  unfold limit. destruct (Z.le_gt_cases (now s) 1); [lia|].
  assert (now s - 1 <= M * (now s - 1)) by nia. lia.
Qed.

(* Before round 0, with the queue filled already. *)
Definition queued : state :=
  State 0 [] (insert_all earlier (map (new_job (doubling M 1 l earlier)) requests) []) [] [].

(* Phase 0 begins before the first round. *)
Lemma queued_phase : in_some_phase queued.
Proof.
  assert (same : Permutation (waiting queued) (map (new_job (doubling M 1 l earlier)) requests))
    by (cbn; now rewrite insert_all_perm, app_nil_r).
  assert (fresh : in_phase O queued).
  { constructor; [reflexivity|constructor|..].
    - eapply Permutation_Forall; [symmetry; exact same|]. apply Forall_map, Forall_forall.
      intros q here. cbn. destruct (facts q here). auto.
    - apply Forall_forall. reflexivity.
    - cbn [queued log filter map app running]. rewrite same, map_map. cbn. now rewrite map_id.
    - intros k _. exact (some_capacity _ _ _ instance). }
  exists O, 0. split; [exact fresh|]. destruct some_room as [capacity bounds].
  destruct (bounds O) as (_ & ? & ?). constructor; cbn [queued now running log]; try constructor;
    try lia.
  - cbn. lia.
  - cbn [DoublingNumbers.budget]. nia.
  - intros _. pose proof (left_at_first O queued fresh eq_refl). unfold starting. nia.
Qed.

(* In a state in which no request is left, all completed in time. *)
Definition all_timely (log : list run) : Prop := Permutation (map of (filter completed log))
  requests /\
  Forall (fun x => completed x = true -> timely (of x) (stop x)) log.

(* Rounds come to an end, and then all completed in time. *)
Lemma rounds_end n s : in_some_phase s -> (limit < now s + Z.of_nat n ->
    exists log, rounds (doubling M 1 l earlier) n s = Some log) /\
  forall log, rounds (doubling M 1 l earlier) n s = Some log -> all_timely log.
Proof.
  revert s. induction n as [|n IH]; intros s here; cbn [rounds]; destruct (is_done s) eqn:ended.
  1, 3: split; [eauto|]; intros log made; injection made as <-;
    destruct here as (r & first & phase & time); split; [|exact (past _ _ _ _ _ _ _ time)];
    pose proof (none_lost _ _ _ _ _ _ phase) as same; unfold is_done in ended;
    destruct (running s); [|discriminate]; destruct (waiting s); [|discriminate];
    now rewrite app_nil_r in same.
  - split; [|discriminate]. pose proof (before_limit s here ended). lia.
  - destruct (some_phase_next s here ended) as [here' later].
    destruct (IH (next s) here') as [ends timed].
    split; [|exact timed]. intros enough_rounds. apply ends. lia.
Qed.

(* The costs of timely completions, against any valid schedule. *)
Lemma timely_cost log s : at_once requests -> all_timely log -> valid M 1 requests s ->
  3 * total_latency log <= 143 * total_latency s.
Proof.
  intros zero (same & timed) V. rewrite Forall_forall in timed.
  assert (cost : 3 * M * total_latency log
    <= 64 * pairs (smaller (volume_of 1)) requests + 15 * M * sum output_len requests).
  { unfold pairs. rewrite <- (sum_perm (fun q => sum (smaller (volume_of 1) q) requests) _ _ same),
      <- (sum_perm output_len _ _ same), !sum_map, <- !sum_scale, <- sum_plus.
    unfold total_latency. rewrite <- sum_scale. apply sum_le. intros x here.
    assert (is_known : In (of x) requests) by (apply (Permutation_in _ same); now apply in_map).
    unfold at_once in zero. rewrite Forall_forall in zero. rewrite (zero _ is_known).
    apply filter_In in here as [here done]. pose proof (timely_bound _ _ is_known (timed x here
      done)). lia. }
  pose proof (cost_of_pairs M 1 requests instance s zero V).
  pose proof (cost_of_outputs M 1 requests instance s zero V).
  assert (0 <= sum (volume_of 1) requests).
  { apply sum_nonneg. intros q here. apply (volume_nonneg M 1 requests instance).
    destruct (facts q here). lia. }
  nia.
Qed.
End Doubling.

(* T19. *)
Theorem doubling_ratio M prompt_all l earlier requests : sane_instance M 1 requests ->
  at_once requests -> Forall (fun r => prompt_len r = prompt_all) requests ->
  1 <= l -> Forall (fun r => l <= output_len r) requests ->
  (exists fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule) /\
  forall fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule ->
    Permutation (map of (filter completed schedule)) requests /\
    forall s, valid M 1 requests s -> 3 * total_latency schedule <= 143 * total_latency s.
Proof.
  intros instance zero equal some_budget lengths. destruct requests as [|r0 others] eqn:shape.
  { split; [exists O, []; reflexivity|]. intros fuel schedule made.
    assert (schedule = []) by (destruct fuel; cbn in made; congruence). subst schedule.
    split; [constructor|]. intros s V.
    pose proof (cost_of_outputs M 1 [] instance s zero V) as some. cbn [sum] in some.
    change (total_latency []) with 0. lia. }
  rewrite <- shape in *. assert (some : requests <> []) by (rewrite shape; discriminate).
  destruct (request_facts M prompt_all l requests instance equal some_budget lengths r0)
    as (_ & some_prompt & low & high); [rewrite shape; now left|].
  assert (room : 1 <= l <= M - prompt_all) by lia.
  pose proof (queued_phase M prompt_all l earlier requests instance equal some_budget lengths
    some_prompt room) as here.
  pose proof (fun n => rounds_end M prompt_all l earlier requests instance equal some_budget
    lengths
    some_prompt room n _ here) as ends. split.
  - exists (Z.to_nat (limit M requests + 1)). rewrite AtOnce.filled_at_once by assumption.
    apply ends.
    cbn [queued now]. lia.
  - intros fuel schedule made. rewrite AtOnce.filled_at_once in made by assumption.
    pose proof (proj2 (ends fuel) schedule made) as timed. split; [apply timed|].
    intros s V. exact (timely_cost M prompt_all l requests instance equal some_budget lengths
      some_prompt room schedule s zero timed V).
Qed.
