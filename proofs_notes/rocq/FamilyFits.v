(* The placed starts of the family fill each round up to the horizon and never exceed it: T15 (a)
   and
   (b) of the book. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Spec Safety FamilyStarts Family.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* A sum over equal elements. *)
Lemma sum_many {A} (g : A -> Z) n a : 0 <= n -> sum g (many n a) = n * g a.
Proof.
  intros some. unfold many. replace n with (Z.of_nat (Z.to_nat n)) at 2 by lia.
  induction (Z.to_nat n) as [|k IH]; cbn [repeat sum]; [lia|]. rewrite IH. lia.
Qed.

(* A sum over lists in a row. *)
Lemma sum_flat_map {A C} (g : C -> Z) (h : A -> list C) l :
  sum g (flat_map h l) = sum (fun a => sum g (h a)) l.
Proof. induction l as [|a l IH]; cbn; [reflexivity|]. now rewrite sum_app, IH. Qed.

(* One number more. *)
Lemma numbers_more from n : 0 <= n -> numbers from (n + 1) = numbers from n ++ [from + n].
Proof.
  intros some. unfold numbers. replace (Z.to_nat (n + 1)) with (S (Z.to_nat n)) by lia.
  rewrite seq_S, map_app. cbn. now rewrite Z2Nat.id.
Qed.

(* First some numbers, then those that follow. *)
Lemma numbers_app from n k : 0 <= n -> 0 <= k ->
  numbers from (n + k) = numbers from n ++ numbers (from + n) k.
Proof.
  intros some more. rewrite <- (Z2Nat.id k more). induction (Z.to_nat k) as [|j IH].
  - rewrite Z.add_0_r. cbn. now rewrite app_nil_r.
  - replace (n + Z.of_nat (S j)) with (n + Z.of_nat j + 1) by lia.
    replace (Z.of_nat (S j)) with (Z.of_nat j + 1) by lia.
    rewrite !numbers_more, IH, <- app_assoc by lia. do 3 f_equal. lia.
Qed.

(* Twice a volume. *)
Lemma vol_twice s o : 2 * vol s o = o * (2 * s + o + 1).
Proof.
  unfold vol. pose proof (Z.div_mod (o * (o + 1)) 2 ltac:(lia)) as cut.
  assert (even : (o * (o + 1)) mod 2 = 0); [|lia].
  rewrite Zmod_even, Z.even_mul, Z.add_1_r, Z.even_succ. unfold Z.odd.
  now destruct o as [|[]|[]].
Qed.

(* A number is in its range. *)
Lemma in_numbers from n a : In a (numbers from n) -> from <= a < from + n.
Proof.
  unfold numbers. rewrite in_map_iff. intros (i & <- & here). apply in_seq in here. lia.
Qed.

(* An element of equal elements. *)
Lemma in_many {A} n (a b : A) : In a (many n b) -> a = b.
Proof. unfold many. intros here. now apply repeat_spec in here. Qed.

Section Fits.
Variables s u c K m : Z.
Hypothesis some_prompt : 1 <= s.
Hypothesis two_lengths : 2 <= u.
Hypothesis some_room : 1 <= c.
Hypothesis some_long : 0 <= K.
Hypothesis some_short : 0 <= m.
Notation v := (vol s). Notation M := (cache s u c). Notation x := (surviving s u c).
Notation f := (filling s u c).
Notation T := (horizon u c K).

(* One token more. *)
Lemma v_step o : v (o + 1) = v o + s + o + 1.
Proof.
  unfold vol. replace ((o + 1) * (o + 1 + 1)) with (o * (o + 1) + (o + 1) * 2) by lia.
  rewrite Z.div_add by lia. lia.
Qed.

(* No token, no volume. *)
Lemma v_zero : v 0 = 0.
Proof. reflexivity. Qed.

(* Volumes grow. *)
Lemma v_grows a n : 0 <= a -> v a + Z.of_nat n <= v (a + Z.of_nat n).
Proof.
  intros some. induction n as [|n IH]; [change (Z.of_nat 0) with 0; rewrite !Z.add_0_r; lia|].
  replace (a + Z.of_nat (S n)) with (a + Z.of_nat n + 1) by lia. rewrite v_step. lia.
Qed.

(* The same with two numbers. *)
Lemma v_mono a b : 0 <= a <= b -> v a <= v b.
Proof.
  intros range. pose proof (v_grows a (Z.to_nat (b - a))) as more.
  replace (a + Z.of_nat (Z.to_nat (b - a))) with b in more by lia. lia.
Qed.

(* The requests of block 0 that run in round t and those of length 1 fill the round. *)
Lemma round_filled t : 0 <= t < u -> 0 <= x t /\ 0 <= f t /\
  x t * (s + t + 1) + c * v t + f t * (s + 1) <= M
  < x t * (s + t + 1) + c * v t + f t * (s + 1) + (s + 1).
Proof.
  intros range. assert (v t <= v u) by (apply v_mono; lia). unfold filling, surviving.
  set (free := M - c * v t). assert (0 <= free) by (unfold free, cache; nia).
  pose proof (Z.div_mod free (s + t + 1) ltac:(lia)) as cut.
  pose proof (Z.mod_pos_bound free (s + t + 1) ltac:(lia)).
  set (q := free / (s + t + 1)) in *. set (rest := free - q * (s + t + 1)).
  pose proof (Z.div_mod rest (s + 1) ltac:(lia)) as cut'.
  pose proof (Z.mod_pos_bound rest (s + 1) ltac:(lia)).
  assert (0 <= q) by (apply Z.div_pos; lia). assert (0 <= rest / (s + 1)) by (apply Z.div_pos;
    lia).
  unfold free in *. split; [assumption|]. split; [assumption|]. split; unfold rest in *; nia.
Qed.

(* In round 0 there is no room for one of length 1 beside block 0. *)
Lemma no_filler_at_0 : f 0 = 0.
Proof.
  destruct (round_filled 0 ltac:(lia)) as (_ & some & fit & _). unfold filling.
  replace (s + 0 + 1) with (s + 1) by lia. rewrite v_zero, Z.mul_0_r, Z.sub_0_r. unfold surviving.
  replace (s + 0 + 1) with (s + 1) by lia. rewrite v_zero, Z.mul_0_r, Z.sub_0_r.
  pose proof (Z.div_mod M (s + 1) ltac:(lia)). pose proof (Z.mod_pos_bound M (s + 1) ltac:(lia)).
  apply Z.div_small. lia.
Qed.

(* Of block 0, c requests run in round u - 1. *)
Lemma x_last : x (u - 1) = c.
Proof.
  unfold surviving, cache. replace (v u) with (v (u - 1 + 1)) by (f_equal; lia). rewrite v_step.
  replace (c * (v (u - 1) + s + (u - 1) + 1) - c * v (u - 1)) with (c * (s + (u - 1) + 1)) by lia.
  apply Z.div_mul. lia.
Qed.

(* The number of those of block 0 that run does not rise. *)
Lemma x_falls t : 1 <= t < u -> x t <= x (t - 1).
Proof.
  intros range. assert (v t <= v u) by (apply v_mono; lia).
  assert (v (t - 1) <= v t) by (apply v_mono; lia). unfold surviving.
  assert (0 <= M - c * v t) by (unfold cache; nia).
  transitivity ((M - c * v t) / (s + (t - 1) + 1)).
  - apply Z.div_le_compat_l; lia.
  - apply Z.div_le_mono; [lia|]. nia.
Qed.

(* What a request of output o that starts in round j takes in round t. *)
Definition taken (t : Z) (p : Z * Z) : Z :=
  if (fst p <=? t) && (t <? fst p + snd p) then s + (t - fst p) + 1 else 0.

(* Block 0 in round t. *)
Lemma block_0_takes t n : 0 <= t -> 0 <= n ->
  sum (fun j => (x (j - 1) - x j) * taken t (0, j)) (numbers 1 n)
  = (x (Z.min t n) - x n) * (s + t + 1).
Proof.
  intros some more. rewrite <- (Z2Nat.id n more). induction (Z.to_nat n) as [|k IH].
  - rewrite Z.min_r by lia. cbn. lia.
  - replace (Z.of_nat (S k)) with (Z.of_nat k + 1) by lia.
    rewrite numbers_more, sum_app, IH by lia.
    cbn [sum]. replace (1 + Z.of_nat k - 1) with (Z.of_nat k) by lia.
    replace (1 + Z.of_nat k) with (Z.of_nat k + 1) by lia. unfold taken. cbn [fst snd].
    destruct (Z.leb_spec 0 t), (Z.ltb_spec t (0 + (Z.of_nat k + 1))); cbn [andb]; try lia.
    + rewrite !(Z.min_l t) by lia. rewrite Z.sub_0_r. lia.
    + rewrite !Z.min_r by lia. lia.
Qed.

(* Long requests, one a round from round 1 on. *)
Lemma long_take t n : 0 <= t -> 0 <= n ->
  sum (fun j => taken t (j, u)) (numbers 1 n) = v (Z.min t u) - v (Z.min (Z.max 0 (t - n)) u).
Proof.
  intros some more. rewrite <- (Z2Nat.id n more). induction (Z.to_nat n) as [|k IH].
  - replace (Z.max 0 (t - Z.of_nat 0)) with t by lia. cbn. lia.
  - replace (Z.of_nat (S k)) with (Z.of_nat k + 1) by lia.
    rewrite numbers_more, sum_app, IH by lia.
    cbn [sum]. unfold taken. cbn [fst snd].
    destruct (Z.leb_spec (1 + Z.of_nat k) t), (Z.ltb_spec t (1 + Z.of_nat k + u)); cbn [andb].
    + replace (Z.min (Z.max 0 (t - Z.of_nat k)) u)
        with (Z.min (Z.max 0 (t - (Z.of_nat k + 1))) u + 1) by lia.
      rewrite v_step. lia.
    + rewrite !Z.min_r by lia. lia.
    + rewrite !Z.max_l by lia. lia.
    + lia.
Qed.

(* Requests of length 1 take their room in their round only. *)
Lemma fillers_take t n : 0 <= t -> 0 <= n ->
  sum (fun j => f j * taken t (j, 1)) (numbers 1 n)
  = if (1 <=? t) && (t <=? n) then f t * (s + 1) else 0.
Proof.
  intros some more. rewrite <- (Z2Nat.id n more). induction (Z.to_nat n) as [|k IH].
  - destruct (Z.leb_spec 1 t), (Z.leb_spec t (Z.of_nat 0)); cbn; lia.
  - replace (Z.of_nat (S k)) with (Z.of_nat k + 1) by lia.
    rewrite numbers_more, sum_app, IH by lia.
    cbn [sum]. unfold taken. cbn [fst snd].
    destruct (Z.leb_spec 1 t), (Z.leb_spec t (Z.of_nat k)), (Z.leb_spec t (Z.of_nat k + 1)),
      (Z.leb_spec (1 + Z.of_nat k) t), (Z.ltb_spec t (1 + Z.of_nat k + 1)); cbn [andb]; try lia.
    replace (1 + Z.of_nat k) with t by lia. lia.
Qed.

(* Up to the horizon all that are placed fill the round, and do not exceed it. *)
Lemma starts_fill t : 0 <= t < T ->
  sum (taken t) (starts s u c K m) <= M < sum (taken t) (starts s u c K m) + (s + 1).
Proof.
  intros range. assert (0 <= K / c) by (apply Z.div_pos; lia).
  assert (after : taken t (T, u) = 0 /\ taken t (T, 1) = 0).
  { unfold taken. cbn [fst snd]. destruct (Z.leb_spec T t); [lia|]. now cbn. }
  destruct after as [after_u after_1]. unfold starts.
  rewrite !sum_app, !sum_flat_map, !sum_many, after_u, after_1, !Z.mul_0_r by
    (try apply Z.mod_pos_bound; lia).
  rewrite (sum_ext _ (fun j => (x (j - 1) - x j) * taken t (0, j)) (numbers 1 (u - 1))).
  2:{ intros j here. apply in_numbers in here. pose proof (x_falls j ltac:(lia)).
      now rewrite sum_many by lia. }
  rewrite (sum_ext (fun j => sum (taken t) (many c (j, u) ++ _))
    (fun j => c * taken t (j, u) + f j * taken t (j, 1))).
  2:{ intros j here. apply in_numbers in here. destruct (round_filled j ltac:(lia)) as (_ & ? & _).
      now rewrite sum_app, !sum_many by lia. }
  rewrite (sum_ext (fun j => sum (taken t) (many c (j, u))) (fun j => c * taken t (j, u)))
    by (intros j _; now rewrite sum_many by lia).
  rewrite sum_plus, !sum_scale, block_0_takes, fillers_take, x_last by lia.
  assert (long : sum (fun j => taken t (j, u)) (numbers 1 (u - 1))
    + sum (fun j => taken t (j, u)) (numbers u (K / c)) = v (Z.min t u)).
  { pose proof (long_take t (u - 1 + K / c) ltac:(lia) ltac:(lia)) as all.
    rewrite numbers_app, sum_app in all by lia. replace (1 + (u - 1)) with u in all by lia.
    rewrite all. replace (Z.min (Z.max 0 (t - (u - 1 + K / c))) u) with 0
      by (unfold horizon in range; lia). rewrite v_zero. lia. }
  unfold taken at 1 4. cbn [fst snd]. destruct (Z.leb_spec 0 t); [|lia].
  rewrite Z.add_0_l, Z.sub_0_r. destruct (Z.ltb_spec t u) as [early|late]; cbn [andb].
  - rewrite !Z.min_l in * by lia. destruct (round_filled t ltac:(lia)) as (_ & _ & fit & full).
    destruct (Z.eqb_spec t 0) as [->|].
    + rewrite no_filler_at_0 in *. cbn [Z.leb andb]. cbn -[Z.mul Z.add surviving cache vol] in *.
    nia.
    + replace ((1 <=? t) && (t <=? u - 1)) with true
        by (symmetry; apply andb_true_intro; split; apply Z.leb_le; lia). nia.
  - replace (t <=? u - 1) with false by (symmetry; apply Z.leb_gt; lia). rewrite andb_false_r.
    rewrite !Z.min_r in * by lia. rewrite x_last. unfold cache. nia.
Qed.
End Fits.
