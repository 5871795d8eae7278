(* Whole blocks: the two definitions of what tokens occupy agree, and both grow with the tokens. *)
From Coq Require Import ZArith List Lia.
From AminRef Require Import Records Spec.
Import ListNotations.
Open Scope Z_scope.

Section Blocks.
Variable B : Z.
Hypothesis some_block : 1 <= B.

(* `occ` is not negative. *)
Lemma occ_nonneg x : 0 <= x -> 0 <= occ B x.
Proof. intros here. unfold occ. apply Z.mul_nonneg_nonneg; [lia|]. apply Z.div_pos; lia. Qed.

(* More tokens occupy at least as much. *)
Lemma occ_mono x y : x <= y -> occ B x <= occ B y.
Proof. intros le. unfold occ. apply Z.mul_le_mono_nonneg_l; [lia|]. apply Z.div_le_mono; lia. Qed.

(* `occ` is the least multiple of B that is not below x, and nothing else is. *)
Lemma occ_is x y : y = occ B x <-> (exists q, y = B * q) /\ x <= y < x + B.
Proof.
  assert (is : (exists q, occ B x = B * q) /\ x <= occ B x < x + B).
  { unfold occ. pose proof (Z.div_mod (x + B - 1) B ltac:(lia)).
    pose proof (Z.mod_pos_bound (x + B - 1) B ltac:(lia)). split; [eauto|nia]. }
  split; [now intros ->|]. intros [[q multiple] near]. destruct is as [[p multiple'] near'].
  assert (q = p) by nia. congruence.
Qed.

(* Rounding up by the remainder and by division are the same. *)
Lemma whole_blocks_occ x : whole_blocks B x = occ B x.
Proof.
  apply occ_is. unfold whole_blocks. pose proof (Z.div_mod x B ltac:(lia)).
  pose proof (Z.mod_pos_bound x B ltac:(lia)). destruct (Z.eqb_spec (x mod B) 0).
  - split; [exists (x / B)|]; lia.
  - split; [exists (x / B + 1)|]; lia.
Qed.
End Blocks.
