(* Each job has the rank of its request. Safety.v's invariant does not mention ranks, so it also
   holds in a round that breaks ties by a ranking of its own. *)
From Coq Require Import ZArith List Permutation.
From AminRef Require Import Records Spec.
Import ListNotations.
Open Scope Z_scope.

Section Ranks.
Variables M B : Z.

(* Each job has the rank of its request. *)
Definition ranked (s : state) : Prop :=
  Forall (fun j => rank j = rank_of (tag j)) (running s ++ waiting s).

(* A round keeps the ranks of those that run and of those that wait. *)
Lemma ranked_parts s s' arrived later E S A L finished going :
  round_parts M B s s' arrived later E S A L finished going -> ranked s ->
  Forall (fun j => rank j = rank_of (tag j)) (E ++ S) /\
  Forall (fun j => rank j = rank_of (tag j)) (A ++ L).
Proof.
  intros parts own. apply Forall_app in own as [own_R own_W].
  pose proof (decided _ _ _ _ _ _ _ _ _ _ _ _ parts) as D. split.
  - eapply Permutation_Forall; [exact (all_running _ _ _ _ _ _ _ _ D)|].
    apply Forall_map. exact own_R.
  - eapply Permutation_Forall; [exact (all_waiting _ _ _ _ _ _ _ _ D)|]. apply Forall_app.
    split; [exact own_W|]. apply Forall_map, Forall_forall. reflexivity.
Qed.

(* Each job has the rank of its request in every state that rounds lead to. *)
Theorem reaches_ranked requests s : reaches M B requests s -> ranked s.
Proof.
  induction 1 as [s first|s s' _ IH (arrived & later & E & S & A & L & finished & going & parts)].
  - destruct first as [_ no_running no_waiting _ _]. cbn in *. symmetry in no_running, no_waiting.
    apply Permutation_nil in no_running, no_waiting. unfold ranked.
    rewrite no_running, no_waiting. constructor.
  - destruct (ranked_parts s s' _ _ _ _ _ _ _ _ parts IH) as [own_R own_W].
    apply Forall_app in own_R as [own_E own_S]. apply Forall_app in own_W as [own_A own_L].
    assert (all : Forall (fun j => rank j = rank_of (tag j)) (finished ++ going)).
    { eapply Permutation_Forall; [exact (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
      apply Forall_map, Forall_app. split; [exact own_S|exact own_A]. }
    apply Forall_app in all as [_ own_going]. apply Forall_app. split.
    + eapply Permutation_Forall; [|exact own_going].
      symmetry. exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts).
    + eapply Permutation_Forall; [symmetry; exact (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
      apply Forall_app. split; [exact own_L|]. apply Forall_map. exact own_E.
Qed.
End Ranks.
