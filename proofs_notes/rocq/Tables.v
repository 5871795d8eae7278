(* The tables of Verify.v: each entry is a payment, of a request that counts one token, one token
   more every B rounds, or one token more every round. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Starts Formula Verify.
From AminRef.facts Require Import Sums.
Import ListNotations.
Open Scope Z_scope.

(* Element i of a list, and 0 for any other i. *)
Fixpoint item (l : list Z) (i : Z) : Z :=
  match l with [] => 0 | x :: later => if i =? 0 then x else item later (i - 1) end.

(* The first element. *)
Lemma hd_item l : hd 0 l = item l 0.
Proof. now destruct l. Qed.

(* The elements after the first. *)
Lemma tl_item l i : 0 <= i -> item (tl l) i = item l (i + 1).
Proof.
  intros from_0. destruct l as [|x l]; [reflexivity|]. cbn [tl item].
  destruct (Z.eqb_spec (i + 1) 0); [lia|]. f_equal. lia.
Qed.

(* There is nothing before the first element or after the last one. *)
Lemma item_outside l i : i < 0 \/ Z.of_nat (length l) <= i -> item l i = 0.
Proof.
  revert i. induction l as [|x l IH]; intros i; cbn [item length]; [reflexivity|]. intros not_there.
  destruct (Z.eqb_spec i 0); [lia|]. apply IH. lia.
Qed.

(* The elements that `drop` leaves. *)
Lemma item_drop l z i : 0 <= z -> 0 <= i -> item (drop z l) i = item l (z + i).
Proof.
  revert z. induction l as [|x l IH]; intros z some from_0; [reflexivity|]. cbn [drop].
  destruct (Z.leb_spec z 0) as [none|one]; [f_equal; lia|]. rewrite IH by lia. cbn [item].
  destruct (Z.eqb_spec (z + i) 0); [lia|]. f_equal. lia.
Qed.

(* Sums to the end, one element after the other. *)
Lemma item_to_the_end l i : 0 <= i ->
  item (to_the_end l) i = item l i + item (to_the_end l) (i + 1).
Proof.
  revert i. induction l as [|x l IH]; intros i from_0; [reflexivity|]. cbn [to_the_end item].
  rewrite hd_item. destruct (Z.eqb_spec (i + 1) 0); [lia|]. destruct (Z.eqb_spec i 0) as [->|].
  - reflexivity.
  - rewrite IH by lia. do 2 f_equal. lia.
Qed.

(* There are as many sums as elements. *)
Lemma length_to_the_end l : length (to_the_end l) = length l.
Proof. induction l as [|x l IH]; cbn; congruence. Qed.

(* The elements that `upon` makes. *)
Lemma item_upon n l m later i : (n <= length l)%nat -> 0 <= i ->
  item (upon n l m later) i =
  if i <? Z.of_nat n then item l i + item m i else item later (i - Z.of_nat n).
Proof.
  revert l m i. induction n as [|n IH]; intros l m i enough from_0.
  - destruct (Z.ltb_spec i (Z.of_nat 0)); [lia|]. destruct l; cbn [upon]; f_equal; lia.
  - destruct l as [|x l]; cbn [length] in enough; [lia|]. cbn [upon item].
    destruct (Z.eqb_spec i 0) as [->|not_first].
    + replace (0 <? Z.of_nat (S n)) with true by (symmetry; apply Z.ltb_lt; lia).
      now rewrite hd_item.
    + rewrite IH, tl_item by lia. replace (i - 1 + 1) with i by lia.
      replace (i - 1 - Z.of_nat n) with (i - Z.of_nat (S n)) by lia.
      destruct (Z.ltb_spec (i - 1) (Z.of_nat n)), (Z.ltb_spec i (Z.of_nat (S n))); lia.
Qed.

(* The elements after the first n. *)
Lemma item_skipn n l i : 0 <= i -> item (skipn n l) i = item l (i + Z.of_nat n).
Proof.
  revert l. induction n as [|n IH]; intros l from_0; cbn [skipn]; [f_equal; lia|].
  destruct l as [|x l]; [reflexivity|]. rewrite IH by lia. cbn [item].
  destruct (Z.eqb_spec (i + Z.of_nat (S n)) 0); [lia|]. f_equal. lia.
Qed.

(* Sums of every step-th element. *)
Lemma item_strided fuel step l i : (length l <= fuel)%nat -> (1 <= step)%nat -> 0 <= i ->
  item (strided fuel step l) i = item l i + item (strided fuel step l) (i + Z.of_nat step).
Proof.
  revert l i. induction fuel as [|fuel IH]; intros l i enough some from_0.
  - destruct l; [reflexivity|cbn in enough; lia].
  - cbn [strided]. pose proof (skipn_length step l) as left.
    destruct (skipn step l) as [|x rest] eqn:remain.
    + cbn in left. rewrite (item_outside l (i + Z.of_nat step)) by lia. lia.
    + set (sums := strided fuel step (x :: rest)). cbn [length] in left.
      rewrite !item_upon by lia. destruct (Z.ltb_spec (i + Z.of_nat step) (Z.of_nat step)); [lia|].
      replace (i + Z.of_nat step - Z.of_nat step) with i by lia.
      destruct (Z.ltb_spec i (Z.of_nat step)); [reflexivity|]. unfold sums.
      rewrite IH by (cbn [length]; lia). rewrite <- remain, item_skipn by lia.
      do 2 f_equal; lia.
Qed.

(* A table is determined by its differences and by its end. *)
Lemma table_is (f g : Z -> Z) step n : 1 <= step -> (forall t, n <= t -> f t = g t) ->
  (forall t, 0 <= t -> f t - f (t + step) = g t - g (t + step)) -> forall t, 0 <= t -> f t = g t.
Proof.
  intros some end_of rise t from_0.
  assert (below : forall k, 0 <= t -> n - t <= Z.of_nat k -> f t = g t);
    [|apply (below (Z.to_nat (n - t))); lia].
  intros k. revert t from_0. induction k as [|k IH]; intros t _ from_0 near; [apply end_of; lia|].
  assert (f (t + step) = g (t + step)) by (apply IH; lia). specialize (rise t from_0). lia.
Qed.

(* Payments for equal weights are equal. *)
Lemma priced_ext w v l k : (forall i, k <= i < k + Z.of_nat (length l) -> w i = v i) ->
  priced w l k = priced v l k.
Proof.
  revert k. induction l as [|c l IH]; cbn [priced length]; intros k same; [reflexivity|].
  rewrite same, IH by (intros; try apply same; lia). reflexivity.
Qed.

(* Payments for a sum of weights. *)
Lemma priced_plus a w v l k : priced (fun i => a * w i + v i) l k = a * priced w l k + priced v l k.
Proof. revert k. induction l as [|c l IH]; cbn [priced]; intros k; [lia|]. rewrite IH. lia. Qed.

(* Payments for a sum of weights over a list. *)
Lemma priced_sum {A} (g : A -> Z) (w : A -> Z -> Z) m l k :
  sum (fun a => g a * priced (w a) l k) m = priced (fun i => sum (fun a => g a * w a i) m) l k.
Proof.
  induction m as [|a m IH]; cbn [sum].
  - symmetry. now apply priced_zero.
  - now rewrite IH, <- priced_plus.
Qed.

(* Payments for weights that come later. *)
Lemma priced_shift w a l k : priced (fun i => w (i - a)) l k = priced w l (k - a).
Proof.
  revert k. induction l as [|c l IH]; cbn [priced]; intros k; [reflexivity|].
  rewrite IH. replace (k - a + 1) with (k + 1 - a) by lia. reflexivity.
Qed.

(* Payments begin after prices of 0. *)
Lemma priced_zeros w n l k : priced w (repeat 0 n ++ l) k = priced w l (k + Z.of_nat n).
Proof.
  revert k. induction n as [|n IH]; intros k; cbn [repeat app priced]; [f_equal; lia|].
  rewrite IH. replace (k + 1 + Z.of_nat n) with (k + Z.of_nat (S n)) by lia. lia.
Qed.

(* A request that counts one token in its first round alone. *)
Definition once (k : Z) : Z := if k =? 1 then 1 else 0.

(* One that counts one token from its first round on. *)
Definition flat (k : Z) : Z := if 1 <=? k then 1 else 0.

(* One that counts one token more every B rounds. *)
Definition stairs (B k : Z) : Z := Z.max 0 ((k + B - 1) / B).

(* It pays the price of its first round. *)
Lemma priced_once l t : 0 <= t -> priced once l (1 - t) = item l t.
Proof.
  revert t. induction l as [|c l IH]; intros t from_0; [reflexivity|]. cbn [priced item].
  unfold once at 1. destruct (Z.eqb_spec (1 - t) 1), (Z.eqb_spec t 0); try lia.
  - subst. rewrite (priced_zero once); [lia|]. intros i later. unfold once.
    destruct (Z.eqb_spec i 1); lia.
  - replace (1 - t + 1) with (1 - (t - 1)) by lia. rewrite IH by lia. lia.
Qed.

(* The table of sums of a table of payments. *)
Lemma to_the_end_is w v l m t : (forall i, v i = w i + v (i - 1)) -> (forall i, i <= 0 ->
  v i = 0) ->
  length m = length l -> (forall i, 0 <= i -> item m i = priced w l (1 - i)) -> 0 <= t ->
  item (to_the_end m) t = priced v l (1 - t).
Proof.
  intros sums none same is_table. revert t.
  apply (table_is _ _ 1 (Z.of_nat (length l))); [lia| |].
  - intros i after. rewrite item_outside by (rewrite length_to_the_end; lia).
    symmetry. apply priced_zero. intros k before. apply none. lia.
  - intros i from_0. rewrite item_to_the_end, is_table by lia.
    rewrite (priced_ext v (fun k => 1 * w k + v (k - 1)) l (1 - i))
      by (intros k _; rewrite (sums k); lia).
    rewrite priced_plus, priced_shift. replace (1 - (i + 1)) with (1 - i - 1) by lia. lia.
Qed.

(* The first table of a stretch. *)
Lemma flat_is l t : 0 <= t -> item (to_the_end l) t = priced flat l (1 - t).
Proof.
  apply (to_the_end_is once); auto.
  - intros i. unfold flat, once.
    destruct (Z.leb_spec 1 i), (Z.leb_spec 1 (i - 1)), (Z.eqb_spec i 1); lia.
  - intros i none. unfold flat. destruct (Z.leb_spec 1 i); lia.
  - intros i from_0. now rewrite priced_once.
Qed.

(* The table of a share. *)
Lemma ramp_is l t : 0 <= t -> item (to_the_end (to_the_end l)) t = priced (Z.max 0) l (1 - t).
Proof.
  apply (to_the_end_is flat).
  - intros i. unfold flat. destruct (Z.leb_spec 1 i); lia.
  - intros i none. lia.
  - apply length_to_the_end.
  - apply flat_is.
Qed.

(* One step of the stairs. *)
Lemma stairs_rise B k : 1 <= B -> stairs B k = flat k + stairs B (k - B).
Proof.
  intros some. unfold stairs, flat. replace (k - B + B - 1) with (k + B - 1 + -1 * B) by lia.
  rewrite Z.div_add by lia. pose proof (Z.div_mod (k + B - 1) B ltac:(lia)).
  pose proof (Z.mod_pos_bound (k + B - 1) B ltac:(lia)).
  destruct (Z.leb_spec 1 k); nia.
Qed.

(* There are as many sums as elements. *)
Lemma length_upon n l m later : (n <= length l)%nat ->
  length (upon n l m later) = (n + length later)%nat.
Proof.
  revert l m. induction n as [|n IH]; intros l m enough; [now destruct l|].
  destruct l as [|x l]; cbn [length] in enough; [lia|]. cbn [upon length]. rewrite IH; lia.
Qed.

(* There are as many sums as elements. *)
Lemma length_strided fuel step l : length (strided fuel step l) = length l.
Proof.
  revert l. induction fuel as [|fuel IH]; intros l; cbn [strided]; [reflexivity|].
  pose proof (skipn_length step l) as left. destruct (skipn step l) as [|x rest]; [reflexivity|].
  cbn [length] in left. rewrite length_upon, IH by lia. cbn [length]. lia.
Qed.

(* The second table of a stretch. *)
Lemma stairs_is B l t : 1 <= B -> 0 <= t ->
  item (strided (length l) (Z.to_nat (Z.min B (Z.of_nat (length l)))) (to_the_end l)) t
  = priced (stairs B) l (1 - t).
Proof.
  intros some. destruct l as [|c l]; [reflexivity|]. set (all := c :: l).
  assert (many : (1 <= length all)%nat) by (cbn; lia). generalize dependent all. clear c l.
  intros l many. set (step := Z.to_nat (Z.min B (Z.of_nat (length l)))).
  assert (low : forall i, i <= 0 -> stairs B i = 0).
  { intros i none. unfold stairs. assert ((i + B - 1) / B < 1) by (apply Z.div_lt_upper_bound; lia).
    lia. }
  revert t. apply (table_is _ _ B (Z.of_nat (length l))); [lia| |].
  - intros t after. rewrite item_outside by (rewrite length_strided, length_to_the_end; lia).
    symmetry. apply priced_zero. intros k before. apply low. lia.
  - intros t from_0. rewrite item_strided, flat_is by (rewrite ?length_to_the_end; lia).
    rewrite (priced_ext (stairs B) (fun k => 1 * flat k + stairs B (k - B)) l (1 - t))
      by (intros k _; rewrite (stairs_rise B k some); lia).
    rewrite priced_plus, priced_shift. replace (1 - (t + B)) with (1 - t - B) by lia.
    enough (item (strided (length l) step (to_the_end l)) (t + Z.of_nat step)
      = item (strided (length l) step (to_the_end l)) (t + B)) by lia.
    destruct (Z.le_gt_cases B (Z.of_nat (length l))) as [inside|beyond].
    + do 2 f_equal. lia.
    + rewrite !item_outside; rewrite ?length_strided, ?length_to_the_end; lia.
Qed.
