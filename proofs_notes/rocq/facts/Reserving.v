(* A round of a policy that reserves: steps 1, 4 and 5, and no eviction. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps.
Import ListNotations.
Open Scope Z_scope.

(* The parts of a round of policy p from s to s'. *)
Record reserving_round (M B : Z) (p : policy) (s s' : state) (arrived later : list request)
  (A L finished going : list (job request)) : Prop := ReservingRound {
  time_moves_on : now s' = now s + 1;
  coming_split : Permutation (coming s) (arrived ++ later);
  arrived_by_now : Forall (fun r => arrival r <= now s) arrived;
  later_arrive : Forall (fun r => now s < arrival r) later;
  queue_split : insert_all (before p) (map (new_job p) arrived) (waiting s) = A ++ L;
  all_fit : never_exceeds M B (running s ++ A);
  next_unfit : forall w l, L = w :: l -> ~ never_exceeds M B (running s ++ A ++ [w]);
  token_each : Permutation (map one_more (running s ++ A)) (finished ++ going);
  finished_whole : Forall (fun j => generated j = output_len (tag j)) finished;
  going_partial : Forall (fun j => generated j <> output_len (tag j)) going;
  running_next : running s' = going;
  waiting_next : waiting s' = L;
  coming_next : coming s' = later;
  log_next : log s' = map (run_until (now s + 1) true) finished ++ log s }.

Section Reserving.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Variable p : policy.
Hypothesis reserves : steps p = reserving_steps M B.

(* The program's round has these parts, if what runs fits as planned. *)
Lemma round_is_reserving s : never_exceeds M B (running s) ->
  exists arrived later A L finished going,
    reserving_round M B p s (round p s) arrived later A L finished going.
Proof.
  intros fit. unfold round.
  destruct (partition (fun r => arrival r <=? now s) (coming s)) as [arrived later] eqn:step_1.
  apply partition_spec in step_1 as (split_up & came & to_come). rewrite reserves.
  unfold reserving_steps.
  destruct (admit M B (running s) (insert_all (before p) (map (new_job p) arrived) (waiting s)))
    as [R' L] eqn:step_4.
  destruct (partition has_all (map generate R')) as [finished going] eqn:step_5.
  apply partition_spec in step_5 as (generated_all & done & undone).
  destruct (admit_spec M B some_block _ _ _ _ fit step_4) as (A & cut & same & fit' & stop).
  exists arrived, later, A, L, finished, going.
  constructor; cbn [now running waiting coming log]; auto.
  - apply Forall_forall. intros r here. now apply Z.leb_le, came.
  - apply Forall_forall. intros r here. now apply Z.leb_gt, to_come.
  - rewrite <- generated_all. symmetry. now apply Permutation_map.
  - apply Forall_forall. intros j here. now apply Z.eqb_eq, done.
  - apply Forall_forall. intros j here. now apply Z.eqb_neq, undone.
Qed.

(* A job that has not outlived its length is unchanged by step 2. *)
Lemma nothing_learnt (l : list (job request)) :
  Forall (fun j => generated j < assumed j) l ->
  map learnt l = l /\ filter (fun j => negb (outlives j)) l = l.
Proof.
  rewrite Forall_forall. intros within. split.
  - rewrite <- (map_id l) at 2. apply map_ext_in. intros j here. specialize (within j here).
    unfold learnt. destruct j as [x q a k g]. cbn in *. now destruct (Z.ltb_spec a g); [lia|].
  - apply filter_all. intros j here. specialize (within j here).
    unfold outlives. apply negb_true_iff, Z.leb_gt, within.
Qed.

End Reserving.
