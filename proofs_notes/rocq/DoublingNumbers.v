(* The budgets of T19 and their sums. Nothing here is about scheduling. *)
From Coq Require Import ZArith Lia.
Open Scope Z_scope.

(* f 0 + f 1 + ... + f (n - 1). *)
Fixpoint total (f : nat -> Z) (n : nat) : Z :=
  match n with O => 0 | S q => total f q + f q end.

(* The total of a linear combination. *)
Lemma total_linear a c f g n :
  total (fun q => a * f q + c * g q) n = a * total f n + c * total g n.
Proof. induction n as [|n IH]; cbn [total]; lia. Qed.

(* Equal terms, equal totals. *)
Lemma total_ext f g n : (forall q, f q = g q) -> total f n = total g n.
Proof. intros each. induction n as [|n IH]; cbn [total]; [|rewrite each]; lia. Qed.

(* Smaller terms, a smaller total. *)
Lemma total_le f g n : (forall q, f q <= g q) -> total f n <= total g n.
Proof. intros each. induction n as [|n IH]; cbn [total]; [|specialize (each n)]; lia. Qed.

Section Budgets.
Variables l cap : Z.
Hypothesis some : 1 <= l <= cap.

(* The budget of phase r: min (2^r * l, cap). *)
Fixpoint budget (r : nat) : Z := match r with O => l | S q => Z.min (2 * budget q) cap end.

(* A request of o tokens takes part in phase r: it did not complete in the phase before. *)
Definition takes_part (r : nat) (o : Z) : bool :=
  match r with O => true | S q => budget q <? o end.

(* Budgets are between the first and the capacity. *)
Lemma budget_range r : l <= budget r <= cap.
Proof. induction r as [|r IH]; cbn [budget]; lia. Qed.

(* Below the capacity the sums of the budgets and of their squares have a closed form. *)
Lemma budgets_so_far r : budget r < cap -> total budget (S r) = 2 * budget r - l /\
  3 * total (fun q => budget q * budget q) (S r) = 4 * budget r * budget r - l * l /\
  Z.of_nat r + 1 <= budget r.
Proof.
  induction r as [|r IH]; [cbn [total budget Z.of_nat]; lia|]. intros less.
  assert (twice : budget (S r) = 2 * budget r) by (cbn [budget] in *; lia).
  pose proof (budget_range r). destruct IH as (one & two & three); [lia|].
  change (total budget (S (S r))) with (total budget (S r) + budget (S r)).
  change (total (fun q => budget q * budget q) (S (S r)))
    with (total (fun q => budget q * budget q) (S r) + budget (S r) * budget (S r)).
  rewrite twice. repeat split; nia.
Qed.

(* What the phases take that a request of o tokens takes part in. *)
Lemma phases_of_one s o r : 0 <= s -> l <= o <= cap -> takes_part r o = true ->
  total budget (S r) + Z.of_nat r <= 5 * o /\
  3 * total (fun q => 2 * budget q * (s + budget q)) (S r) <= 32 * o * (2 * s + o + 1).
Proof.
  intros some_s range part.
  rewrite (total_ext (fun q => 2 * budget q * (s + budget q))
    (fun q => (2 * s) * budget q + 2 * (budget q * budget q))) by (intros; lia).
  rewrite total_linear. assert (0 <= s * l <= s * o) by nia. assert (0 <= l * l <= o * o) by nia.
  destruct r as [|q]; [cbn [total budget Z.of_nat]; lia|]. cbn [takes_part] in part.
  apply Z.ltb_lt in part. destruct (budgets_so_far q) as (one & two & three); [lia|].
  pose proof (budget_range q).
  assert (last : 0 <= budget (S q) <= 2 * budget q)
    by (pose proof (budget_range (S q)); cbn [budget] in *; lia).
  change (total budget (S (S q))) with (total budget (S q) + budget (S q)).
  change (total (fun q => budget q * budget q) (S (S q)))
    with (total (fun q => budget q * budget q) (S q) + budget (S q) * budget (S q)).
  set (b := budget q) in *. set (c := budget (S q)) in *. clearbody b c.
  split; [lia|]. assert (c * c <= 4 * (b * b)) by nia. assert (b * b <= o * o) by nia.
  assert (s * b <= s * o) by nia. assert (s * c <= 2 * (s * b)) by nia. nia.
Qed.

(* The same with the phases counted in which the request takes part, for every r. *)
Lemma own_phases s o r : 0 <= s -> l <= o <= cap ->
  3 * total (fun q => if takes_part q o then 2 * budget q * (s + budget q) else 0) (S r)
  <= 32 * o * (2 * s + o + 1).
Proof.
  intros some_s range. induction r as [|r IH].
  { exact (proj2 (phases_of_one s o O some_s range eq_refl)). }
  destruct (takes_part (S r) o) eqn:part.
  - etransitivity; [|exact (proj2 (phases_of_one s o (S r) some_s range part))].
    apply Z.mul_le_mono_nonneg_l; [lia|]. apply total_le. intros q.
    pose proof (budget_range q). destruct (takes_part q o); nia.
  - cbn [total]. rewrite part. cbn [total] in IH. lia.
Qed.
End Budgets.
