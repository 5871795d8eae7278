(* T22: schedules of tokens cost no more than schedules of runs. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Starts.
From AminRef.facts Require Import Sums.
From AminRef.resume Require Import TokenPrices.
Import ListNotations.
Open Scope Z_scope.

(* n is the least cost of a schedule of tokens. *)
Definition token_optimum (M B : Z) (requests : list request) (n : Z) : Prop :=
  (exists v, valid_tokens M B requests v /\ token_cost v = n) /\
  forall v, valid_tokens M B requests v -> n <= token_cost v.

(* A request with its tokens in rounds in a row, from its start on. *)
Definition one_run (p : placed) : request * list Z :=
  (fst p, in_a_row (Z.to_nat (output_len (fst p))) (snd p)).

(* In rounds in a row, the round after the last. *)
Lemma end_in_a_row t0 n t : (1 <= n)%nat -> end_of t0 (in_a_row n t) = t + Z.of_nat n.
Proof.
  intros some. destruct (row_spec n t) as (_ & _ & last). destruct n as [|n]; [lia|].
  exact last.
Qed.

(* A start vector as a schedule of tokens. *)
Lemma vector_as_tokens M B v : start_vector M B v ->
  valid_tokens M B (map fst v) (map one_run v) /\ token_cost (map one_run v) = cost_of v.
Proof.
  intros [all late fit]. split; [constructor|].
  - now rewrite map_map.
  - intros x here. apply in_map_iff in here as (p & <- & here). destruct (all p here) as
      [_ out _ _ _ _]. specialize (late p here). cbn [one_run fst snd].
    destruct (row_spec (Z.to_nat (output_len (fst p))) (snd p)) as (up & len & _).
    split; [|lia]. destruct (in_a_row _ _) as [|u later]; [exact I|].
    cbn [rising] in *. split; [lia|apply up].
  - intros t. etransitivity; [|exact (fit t)]. unfold load. rewrite sum_map.
    apply Z.eq_le_incl, sum_ext. intros p here. destruct (all p here) as [_ out _ _ _ _].
    cbn [one_run fst snd]. rewrite occupies_in_a_row, Z2Nat.id by lia. unfold occ_of.
    replace (prompt_len (fst p) + (t - snd p) + 1) with (prompt_len (fst p) + 1 + (t - snd p))
      by lia.
    destruct (Z.leb_spec (snd p) t), (Z.ltb_spec t (snd p + output_len (fst p))),
      (Z.leb_spec 0 (t - snd p)), (Z.ltb_spec (t - snd p) (output_len (fst p))); cbn [andb]; lia.
  - unfold token_cost, cost_of. rewrite sum_map. apply sum_ext. intros p here.
    destruct (all p here) as [_ out _ _ _ _]. cbn [one_run fst snd].
    rewrite end_in_a_row by lia. lia.
Qed.

(* A valid schedule that loses tokens, as a schedule of tokens. *)
Lemma valid_as_tokens M B requests s : sane_instance M B requests -> valid M B requests s ->
  exists v, valid_tokens M B requests v /\ token_cost v = total_latency s.
Proof.
  intros instance V.
  destruct (vector_in_order M B (some_block _ _ _ instance) requests s instance V)
    as (v & same & vector & cost).
  destruct (vector_as_tokens M B v vector) as [tokens cost']. rewrite same in tokens.
  exists (map one_run v). split; [exact tokens|congruence].
Qed.
