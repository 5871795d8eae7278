(* The rounds of doubling budgets (T19) if all requests arrive in round 0 with equal prompts: which
   jobs run and wait in phase r, and how long that phase lasts. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Certificate Ratio Doubling DoublingNumbers.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Phases.
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
Notation next := (round (doubling M 1 l earlier)).
Notation cap := (M - prompt_all).
Notation budget := (budget l cap).
Notation takes_part := (takes_part l cap).

(* What the instance says of one request. *)
Lemma request_facts r : In r requests -> prompt_len r = prompt_all /\ 1 <= prompt_all /\
  1 <= l <= output_len r /\ output_len r <= cap.
Proof.
  intros here. destruct (sane_of M 1 requests instance r here) as [some out _ _ _ fit].
  pose proof equal as same. pose proof lengths as long. rewrite Forall_forall in same, long.
  rewrite (same r here) in *. specialize (long r here).
  unfold occ in fit. rewrite Z.div_1_r in fit. lia.
Qed.

(* Who runs and who waits at the start of a round of phase r. *)
Record in_phase (r : nat) (s : state) : Prop := InPhase {
  all_here : coming s = [];
  running_ok : Forall (fun j => prompt j = prompt_all /\ assumed j = budget r /\
    1 <= generated j <= budget r /\ generated j < output_len (tag j)) (running s);
  waiting_ok : Forall (fun j => prompt j = prompt_all /\ generated j = 0 /\
    (assumed j = budget r \/ (assumed j = budget (S r) /\ takes_part (S r) (output_len (tag j)) =
      true)))
    (waiting s);
  part_ok : Forall (fun j => takes_part r (output_len (tag j)) = true) (running s ++ waiting s);
  none_lost : Permutation (map of (filter completed (log s)) ++ map tag (running s ++ waiting s))
    requests;
  planned : never_exceeds M 1 (filter within (running s)) }.

(* Job j waits to be tried in phase r. *)
Definition untried (r : nat) (j : job request) : bool := assumed j =? budget r.

(* Some request of phase r runs or is untried. *)
Definition phase_goes_on (r : nat) (s : state) : Prop :=
  running s <> [] \/ filter (untried r) (waiting s) <> [].

(* The least of a list. *)
Lemma budget_now_least b (jobs : list (job request)) : (exists j, In j jobs /\ assumed j = b) ->
  (forall j, In j jobs -> b <= assumed j) -> budget_now jobs = b.
Proof.
  destruct jobs as [|x jobs]; [now intros (j & [] & _)|]. intros (j & here & same) low.
  cbn [budget_now].
  assert (both : b <= fold_right (fun i m => Z.min (assumed i) m) (assumed x) jobs /\
    (forall i, In i (x :: jobs) ->
      fold_right (fun i m => Z.min (assumed i) m) (assumed x) jobs <= assumed i)).
  { clear j here same. induction jobs as [|y jobs IH]; cbn [fold_right].
    - split; [apply low; now left|]. intros i [<-|[]]. lia.
    - destruct IH as [above each]; [intros i [<-|here]; apply low; cbn; auto|].
      pose proof (low y (or_intror (or_introl eq_refl))). split; [lia|].
      intros i [<-|[<-|here]]; [|lia|]; [specialize (each x (or_introl eq_refl))|
        specialize (each i (or_intror here))]; lia. }
  destruct both as [above each]. specialize (each j here). lia.
Qed.

(* A request of a phase fits beside its prompt, so the budgets still grow after one fails. *)
Lemma job_request r s j : in_phase r s -> In j (running s ++ waiting s) -> In (tag j) requests.
Proof.
  intros phase here. eapply Permutation_in; [exact (none_lost _ _ phase)|]. apply in_app_iff.
  right. now apply in_map.
Qed.

(* A budget that a request exceeded is below the next. *)
Lemma budget_grows r o : takes_part (S r) o = true -> o <= cap -> 1 <= budget r ->
  budget r < budget (S r).
Proof. cbn [DoublingNumbers.takes_part DoublingNumbers.budget]. rewrite Z.ltb_lt. lia. Qed.

(* In a phase that goes on, its budget is the least that is assumed. *)
Lemma budget_of_phase r s : in_phase r s -> phase_goes_on r s ->
  budget_now (running s ++ waiting s) = budget r.
Proof.
  intros phase on. pose proof (running_ok _ _ phase) as runs.
  pose proof (waiting_ok _ _ phase) as waits. rewrite Forall_forall in runs, waits.
  apply budget_now_least.
  - destruct on as [some|some].
    + destruct (running s) as [|j R]; [easy|]. exists j. split; [now left|].
      now apply (runs j (or_introl eq_refl)).
    + destruct (filter _ _) as [|j W] eqn:shape; [easy|]. exists j.
      assert (here : In j (filter (untried r) (waiting s))) by (rewrite shape; now left).
      apply filter_In in here as [here same]. split; [apply in_app_iff; auto|].
      now apply Z.eqb_eq.
  - intros j here. pose proof (job_request r s j phase here) as is_known.
    apply request_facts in is_known. apply in_app_iff in here as [here|here].
    + destruct (runs j here) as (_ & -> & _). lia.
    + destruct (waits j here) as (_ & _ & [->|[-> part]]); [lia|].
      pose proof (budget_range l cap ltac:(lia) r).
      pose proof (budget_grows r _ part ltac:(lia) ltac:(lia)). lia.
Qed.

(* The parts of the program's round. *)
Lemma round_in_phase r s : in_phase r s -> phase_goes_on r s ->
  exists used stay A L tried finished going,
    phase_parts M (budget r) s (next s) used stay A L tried finished going.
Proof.
  intros phase on. apply round_has_parts; [exact (all_here _ _ phase)| |exact (planned _ _ phase)].
  exact (budget_of_phase r s phase on).
Qed.

Section Round.
Variable r : nat.
Variables s s' : state.
Variables used stay A L tried finished going : list (job request).
Hypothesis before : in_phase r s.
Hypothesis parts : phase_parts M (budget r) s s' used stay A L tried finished going.

(* The jobs of the round are those that ran and waited. *)
Lemma all_jobs : Permutation (running s ++ waiting s) (used ++ stay ++ A ++ L ++ tried).
Proof.
  rewrite (running_parts _ _ _ _ _ _ _ _ _ _ _ parts).
  rewrite (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts). now rewrite <- app_assoc.
Qed.

(* One of the jobs of the round, and its request. *)
Lemma job_facts j : In j (used ++ stay ++ A ++ L ++ tried) -> In (tag j) requests /\
  prompt j = prompt_all /\ takes_part r (output_len (tag j)) = true /\
  0 <= generated j < output_len (tag j).
Proof.
  intros here. apply (Permutation_in _ (Permutation_sym all_jobs)) in here.
  pose proof (job_request r s j before here) as is_known.
  pose proof (part_ok _ _ before) as part. rewrite Forall_forall in part.
  pose proof (request_facts _ is_known). specialize (part j here).
  pose proof (running_ok _ _ before) as runs. pose proof (waiting_ok _ _ before) as waits.
  rewrite Forall_forall in runs, waits. apply in_app_iff in here as [here|here].
  - destruct (runs j here) as (? & ? & ? & ?). repeat split; auto; lia.
  - destruct (waits j here) as (? & ? & ?). repeat split; auto; lia.
Qed.

(* Those that generate a token in the round are within their budget. *)
Lemma tries_facts j : In j (stay ++ A) -> assumed j = budget r /\ 0 <= generated j < budget r.
Proof.
  intros here. pose proof (running_ok _ _ before) as runs.
  pose proof (waiting_ok _ _ before) as waits.
  pose proof (stay_not _ _ _ _ _ _ _ _ _ _ _ parts) as not_used.
  pose proof (untried_now _ _ _ _ _ _ _ _ _ _ _ parts) as with_b.
  rewrite Forall_forall in runs, waits, not_used, with_b. apply in_app_iff in here as [here|here].
  - destruct (runs j) as (_ & same & range & _).
    { apply (Permutation_in _ (Permutation_sym (running_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
      apply in_app_iff. auto. }
    specialize (not_used j here). lia.
  - destruct (waits j) as (_ & none & _).
    { apply (Permutation_in _ (Permutation_sym (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
      apply in_app_iff. auto. }
    assert (In (tag j) requests) as is_known.
    { apply job_facts. rewrite !in_app_iff. auto. }
    apply request_facts in is_known. pose proof (budget_range l cap ltac:(lia) r).
    rewrite (with_b j) by (apply in_app_iff; auto). lia.
Qed.

(* A job that finishes or goes on generated its token in this round. *)
Lemma one_token j : In j (finished ++ going) -> exists i, In i (stay ++ A) /\ j = one_more i.
Proof.
  intros here.
  apply (Permutation_in _ (Permutation_sym (token_for_each _ _ _ _ _ _ _ _ _ _ _ parts))) in here.
  apply in_map_iff in here as (i & <- & here). eauto.
Qed.

(* Those that used up their budget exceed it, and wait with the next. *)
Lemma used_facts j : In j used -> generated j = budget r /\ prompt j = prompt_all /\
  assumed (raised M 1 j) = budget (S r) /\ takes_part (S r) (output_len (tag j)) = true.
Proof.
  intros here. pose proof (running_ok _ _ before) as runs. rewrite Forall_forall in runs.
  pose proof (used_all _ _ _ _ _ _ _ _ _ _ _ parts) as all. rewrite Forall_forall in all.
  destruct (runs j) as (same & with_b & range & less).
  { apply (Permutation_in _ (Permutation_sym (running_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
    apply in_app_iff. auto. }
  specialize (all j here). repeat split; auto; try congruence.
  - unfold raised. cbn [assumed DoublingNumbers.budget]. rewrite Z.div_1_r, Z.mul_1_l. congruence.
  - cbn [DoublingNumbers.takes_part]. apply Z.ltb_lt. lia.
Qed.

(* No request is lost in the round. *)
Lemma next_none_lost :
  Permutation (map of (filter completed (log s')) ++ map tag (running s' ++ waiting s')) requests.
Proof.
  rewrite <- (none_lost _ _ before), (Permutation_map tag all_jobs).
  rewrite (log_after _ _ _ _ _ _ _ _ _ _ _ parts), !filter_app, (filter_all completed (map _
    finished)),
    (filter_none completed (map (run_until (now s) false) _)); cbn [app].
  2, 3: intros x here; apply in_map_iff in here as (j & <- & _); reflexivity.
  rewrite (running_after _ _ _ _ _ _ _ _ _ _ _ parts), map_app, (map_app tag going),
    (Permutation_map tag (waiting_after _ _ _ _ _ _ _ _ _ _ _ parts)), !map_app, !map_map.
    cbn [tag thrown_back raised].
  change (map (fun x => of (run_until (now s + 1) true x)) finished) with (map (@tag request)
    finished).
  change (map (fun x => tag x) used) with (map (@tag request) used).
  pose proof (Permutation_map tag (token_for_each _ _ _ _ _ _ _ _ _ _ _ parts)) as same.
  rewrite map_map, !map_app in same. cbn [tag one_more] in same.
  change (map (fun x : job request => tag x)) with (map (@tag request)) in same.
  rewrite (Permutation_app_comm (map tag finished)), <- !app_assoc. apply Permutation_app_head.
  rewrite (app_assoc (map tag finished)), <- same.
  rewrite (app_assoc (map tag stay)). apply Permutation_app_swap_app.
Qed.

(* Those that go on are within their budgets. *)
Lemma going_ok : Forall (fun j => prompt j = prompt_all /\ assumed j = budget r /\
  1 <= generated j <= budget r /\ generated j < output_len (tag j)) going.
Proof.
  apply Forall_forall. intros j here.
  destruct (one_token j) as (i & there & ->); [apply in_app_iff; auto|].
  pose proof (tries_facts i there).
  pose proof (going_have_not _ _ _ _ _ _ _ _ _ _ _ parts) as unfinished.
  rewrite Forall_forall in unfinished. specialize (unfinished _ here).
  destruct (job_facts i) as (_ & ? & _ & ?);
    [rewrite app_assoc in *; rewrite !in_app_iff in *; tauto|].
  cbn in *. repeat split; auto; lia.
Qed.

(* Those that wait have the budget of this phase or, if they failed in it, of the next. *)
Lemma waiting_next_ok : Forall (fun j => prompt j = prompt_all /\ generated j = 0 /\
  (assumed j = budget r \/
    (assumed j = budget (S r) /\ takes_part (S r) (output_len (tag j)) = true))) (waiting s').
Proof.
  eapply Permutation_Forall; [symmetry; exact (waiting_after _ _ _ _ _ _ _ _ _ _ _ parts)|].
  apply Forall_app. split.
  - rewrite map_map. apply Forall_map, Forall_forall. intros j here.
    destruct (used_facts j here) as (_ & ? & ? & ?). cbn in *. auto.
  - pose proof (waiting_ok _ _ before) as all.
    eapply Permutation_Forall in all; [|exact (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts)].
    now apply Forall_app in all.
Qed.

(* All that go on or wait take part in the phase. *)
Lemma part_next_ok : Forall (fun j => takes_part r (output_len (tag j)) = true)
  (going ++ waiting s').
Proof.
  eapply Permutation_Forall; [apply Permutation_app_head; symmetry;
    exact (waiting_after _ _ _ _ _ _ _ _ _ _ _ parts)|].
  apply Forall_forall. intros j here. rewrite map_map in here.
  apply in_app_iff in here as [here|here]; [|apply in_app_iff in here as [here|here]].
  - destruct (one_token j) as (i & there & ->); [apply in_app_iff; auto|]. apply (job_facts i).
    rewrite !in_app_iff in *. tauto.
  - apply in_map_iff in here as (i & <- & there). apply (job_facts i). apply in_app_iff. auto.
  - apply (job_facts j). rewrite !in_app_iff in *. tauto.
Qed.

(* The plan of those that are within their budgets fits in the next round. *)
Lemma planned_next : never_exceeds M 1 (filter within going).
Proof.
  pose proof going_ok as runs. rewrite Forall_forall in runs. intros k later.
  assert (plan : as_assumed 1 k (filter (fun j => negb (outlives j)) (map learnt going)) <= M).
  { apply (plan_moves_on 1 ltac:(lia) M (stay ++ A)); auto.
    - apply Forall_forall. intros j here. destruct (tries_facts j here).
      destruct (job_facts j) as (is_known & same & _); [rewrite !in_app_iff in *; tauto|].
      apply request_facts in is_known. split; lia.
    - exact (tried_fit _ _ _ _ _ _ _ _ _ _ _ parts).
    - exists finished. exact (token_for_each _ _ _ _ _ _ _ _ _ _ _ parts). }
  rewrite (map_ext_in learnt (fun j => j)), map_id in plan.
  2:{ intros j here. destruct (runs j here) as (_ & with_b & range & _). unfold learnt.
      destruct j as [x q a k' g]. cbn in *. now destruct (Z.ltb_spec a g); [lia|]. }
  erewrite filter_ext_in; [exact plan|]. intros j here.
  destruct (runs j here) as (_ & with_b & range & _). unfold within, used_up, outlives.
  destruct (Z.eqb_spec (generated j) (assumed j)), (Z.leb_spec (assumed j) (generated j)); lia.
Qed.

(* The next round is in the same phase. *)
Lemma phase_next : in_phase r s'.
Proof.
  constructor; rewrite ?(running_after _ _ _ _ _ _ _ _ _ _ _ parts);
    auto using going_ok, waiting_next_ok, part_next_ok, planned_next.
  - exact (none_comes _ _ _ _ _ _ _ _ _ _ _ parts).
  - rewrite <- (running_after _ _ _ _ _ _ _ _ _ _ _ parts). exact next_none_lost.
Qed.
End Round.
End Doubling.
