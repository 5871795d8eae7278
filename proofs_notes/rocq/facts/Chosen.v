(* Steps 2 to 4 of Amin as lists: what is evicted stands first among the running in ascending order,
   and what is admitted stands first in the queue. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps.
Import ListNotations.
Open Scope Z_scope.

Section Chosen.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Hypothesis some_capacity : 0 <= M.
Context {X : Type}.
Implicit Types (R W E S A L : list (job X)).

(* The running jobs in ascending order, after step 2. *)
Definition line_up R : list (job X) := insert_all precedes (map refine R) [].

(* They are the running jobs. *)
Lemma line_up_perm R : Permutation (line_up R) (map learnt R).
Proof. unfold line_up. now rewrite insert_all_perm, app_nil_r, (map_ext _ _ refine_learnt). Qed.

(* They ascend, if their ranks are distinct. *)
Lemma line_up_ascends R : NoDup (map rank R) -> ascending (line_up R).
Proof.
  intros distinct. apply strictly; [apply insert_all_in_order; constructor|].
  eapply Permutation_NoDup; [symmetry; apply Permutation_map, line_up_perm|]. now rewrite map_map.
Qed.

(* Steps 2 to 4 name E, S, A and L by their places. *)
Lemma chosen_parts R W E R' L : Forall counts R -> Forall counts W ->
  (forall k, 1 <= k -> as_assumed B k (filter (fun j => negb (outlives j)) (map learnt R)) <= M) ->
  amin_steps M B R W = (E, R', L) -> exists S A,
    line_up R = E ++ S /\ W = A ++ L /\ Permutation R' (S ++ A) /\ next_tokens B S <= M /\
    (forall i, (i < length E)%nat -> M < next_tokens B (skipn i (line_up R))) /\
    never_exceeds M B (S ++ A) /\
    forall w l, L = w :: l -> ~ never_exceeds M B (S ++ A ++ [w]).
Proof.
  intros counted_R counted_W planned. unfold amin_steps. fold (line_up R).
  destruct (evict M B (line_up R)) as [E0 S] eqn:step_3.
  destruct (admit M B S W) as [R0 L0] eqn:step_4. injection 1 as <- <- <-.
  destruct (evict_spec M B some_block _ _ _ some_capacity step_3) as (shape & fit & needed).
  assert (fits_now : never_exceeds M B S).
  { assert (counted : Forall counts (E0 ++ S)).
    { rewrite <- shape. eapply Permutation_Forall; [symmetry; apply line_up_perm|].
      now apply Forall_map. }
    intros k later. destruct (Z.eq_dec k 0) as [->|not_now]; [now rewrite <- next_tokens_now|].
    specialize (planned k ltac:(lia)). rewrite <- later_plan in planned by lia.
    rewrite <- (as_assumed_perm B k _ _ (line_up_perm R)), shape, as_assumed_app in planned.
    apply Forall_app in counted as [counted_E _].
    pose proof (as_assumed_nonneg B some_block k E0 counted_E later). lia. }
  destruct (admit_spec M B some_block _ _ _ _ fits_now step_4) as (A & cut & same & all & stop).
  exists S, A. repeat split; auto. intros i less. rewrite shape.
  destruct (nth_error E0 i) as [x|] eqn:here; [|apply nth_error_None in here; lia].
  apply nth_error_split in here as (a & b & -> & <-). rewrite <- app_assoc.
  cbn [app]. rewrite (proj2 (prefix_at a x (b ++ S))). now apply (needed a).
Qed.
End Chosen.
