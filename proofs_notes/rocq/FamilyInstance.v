(* One instance of the family by computation: 666 requests, for which the inequality of T12 is
   false. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Refine Check Family FamilyPlaced.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* From what Amin costs, and what a schedule that the checker accepts costs, to the ratio. *)
Lemma ratio_by_computation M B requests fuel best cost l : sane_instance M B requests ->
  option_map total_latency (simulate (amin M B) fuel requests) = Some cost ->
  check M B requests best = true -> amin_schedule M B requests l ->
  valid M B requests best /\ total_latency l = cost.
Proof.
  intros instance made accepted is.
  split; [now apply (check_spec M B requests instance)|].
  destruct (simulate _ _ _) as [l'|] eqn:run; [|discriminate]. injection made as <-.
  assert (same : Permutation l l').
  { apply (schedule_unique M B requests instance l l' is).
    apply (schedules_are_simulated M B requests instance). eauto. }
  unfold total_latency. apply sum_perm. now apply filter_perm.
Qed.

(* s = l = c = 1, u = 18, K = 50 and m = 486. *)
Definition counterexample : list request := family 1 18 1 50 486.

(* It is a sane instance for M = 189. *)
Lemma counterexample_sane : sane_instance 189 1 counterexample.
Proof. apply (family_sane 1 18 1 50 486); lia. Qed.

(* Amin costs 43,112. *)
Lemma amin_costs :
  option_map total_latency (simulate (amin 189 1) 1000 counterexample) = Some 43112.
Proof. vm_cast_no_check (eq_refl (Some 43112)). Qed.

(* The runs of a simulation; none, if it does not end. *)
Definition runs_of (made : option (list run)) : list run :=
  match made with Some l => l | None => [] end.

(* H-SF's schedule. *)
Definition shortest_first : list run := runs_of (simulate (h_sf 189 1) 1000 counterexample).

(* It is valid, and costs 7,042. *)
Lemma hindsight_costs :
  check 189 1 counterexample shortest_first = true /\ total_latency shortest_first = 7042.
Proof. split; [vm_cast_no_check (eq_refl true)|vm_cast_no_check (eq_refl 7042)]. Qed.

(* So Amin costs more than 6.12 times as much as a valid schedule. *)
Theorem counterexample_ratio l : amin_schedule 189 1 counterexample l ->
  exists best, valid 189 1 counterexample best /\
    612 * total_latency best < 100 * total_latency l.
Proof.
  intros is. exists shortest_first. destruct hindsight_costs as [accepted cost].
  destruct (ratio_by_computation 189 1 counterexample 1000 shortest_first 43112 l
    counterexample_sane amin_costs accepted is) as [valid_one cost'].
  split; [exact valid_one|]. rewrite cost, cost'. lia.
Qed.
