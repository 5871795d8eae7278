(* A schedule that starts k requests in each round, and what it costs. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Starts.
From AminRef.facts Require Import Sums Lists.
From AminRef Require Import Family FamilyFits.
Import ListNotations.
Open Scope Z_scope.

(* Requests from number i on, k of them in each round from D on. *)
Fixpoint spread (k D i : Z) (l : list request) : list (request * Z) :=
  match l with [] => [] | r :: later => (r, D + i / k) :: spread k D (i + 1) later end.

Section Spread.
Variables k D u prompt : Z.
Hypothesis some : 1 <= k.
Hypothesis some_prompt : 0 <= prompt.
Hypothesis some_length : 0 <= u.

(* The requests are those of the list. *)
Lemma spread_requests i l : map fst (spread k D i l) = l.
Proof. revert i. induction l as [|r l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* A start is D or later, and no later than the number of requests allows. *)
Lemma in_spread i l p : 0 <= i -> In p (spread k D i l) ->
  In (fst p) l /\ D <= snd p /\ snd p <= D + (i + Z.of_nat (length l)) / k.
Proof.
  revert i. induction l as [|r l IH]; intros i first; cbn [spread In length]; [easy|].
  intros [<-|here]; cbn [fst snd].
  - pose proof (Z.div_pos i k first ltac:(lia)).
    pose proof (Z.div_le_mono i (i + Z.of_nat (S (length l))) k ltac:(lia) ltac:(lia)).
    repeat split; auto; lia.
  - destruct (IH (i + 1) ltac:(lia) here) as (there & low & high). repeat split; auto.
    replace (i + Z.of_nat (S (length l))) with (i + 1 + Z.of_nat (length l)) by lia. exact high.
Qed.

(* At most k start in round D + q. *)
Lemma spread_count i l q : 0 <= i ->
  sum (fun p => if snd p =? D + q then 1 else 0) (spread k D i l)
  <= Z.max 0 ((q + 1) * k - Z.max i (q * k)).
Proof.
  revert i. induction l as [|r l IH]; intros i first; cbn [spread sum snd]; [lia|].
  specialize (IH (i + 1) ltac:(lia)).
  pose proof (Z.div_mod i k ltac:(lia)). pose proof (Z.mod_pos_bound i k ltac:(lia)).
  destruct (Z.eqb_spec (D + i / k) (D + q)) as [same|differ].
  - assert (i / k = q) by lia. subst q. nia.
  - assert (i / k < q \/ q < i / k) as [less|more] by lia; [|].
    + assert (i + 1 <= q * k) by nia. lia.
    + assert ((q + 1) * k <= i) by nia. lia.
Qed.

(* What a request of at most u tokens occupies. *)
Lemma occ_of_short r a : prompt_len r = prompt -> output_len r <= u ->
  occ_of 1 r a <= sum (fun b => if a =? b then prompt + b + 1 else 0) (numbers 0 u).
Proof.
  intros same short. unfold occ_of.
  assert (nonneg : forall b, In b (numbers 0 u) -> 0 <= if a =? b then prompt + b + 1 else 0).
  { intros b here. apply in_numbers in here. destruct (_ =? _); lia. }
  destruct (Z.leb_spec 0 a), (Z.ltb_spec a (output_len r)); cbn [andb];
    try now apply sum_nonneg.
  assert (here : In a (numbers 0 u)).
  { unfold numbers. apply in_map_iff. exists (Z.to_nat a). split; [lia|]. apply in_seq. lia. }
  apply in_split in here as (l & m & shape). rewrite shape in *. rewrite sum_app. cbn [sum].
  assert (0 <= sum (fun b => if a =? b then prompt + b + 1 else 0) l)
    by (apply sum_nonneg; intros b here; apply nonneg, in_app_iff; auto).
  assert (0 <= sum (fun b => if a =? b then prompt + b + 1 else 0) m)
    by (apply sum_nonneg; intros b here; apply nonneg, in_app_iff; cbn; auto).
  rewrite Z.eqb_refl, same. unfold occ. rewrite Z.div_1_r. lia.
Qed.

(* The volume of u tokens, token by token. *)
Lemma vol_sum n : 0 <= n -> sum (fun b => prompt + b + 1) (numbers 0 n) = vol prompt n.
Proof.
  intros more. rewrite <- (Z2Nat.id n more). induction (Z.to_nat n) as [|j IH]; [reflexivity|].
  replace (Z.of_nat (S j)) with (Z.of_nat j + 1) by lia.
  rewrite numbers_more, sum_app, IH by lia. cbn [sum]. rewrite v_step. lia.
Qed.

(* So a round holds at most the volume of k requests of u tokens. *)
Lemma spread_load l t : Forall (fun r => prompt_len r = prompt /\ output_len r <= u) l ->
  load 1 (spread k D 0 l) t <= k * vol prompt u.
Proof.
  intros all. rewrite Forall_forall in all. unfold load.
  transitivity (sum (fun p => sum (fun b => if t - snd p =? b then prompt + b + 1 else 0)
    (numbers 0 u)) (spread k D 0 l)).
  - apply sum_le. intros p here. apply in_spread in here as [here _]; [|lia].
    destruct (all _ here). now apply occ_of_short.
  - rewrite sum_exchange, <- vol_sum, <- sum_scale by lia. apply sum_le. intros b here.
    apply in_numbers in here.
    transitivity ((prompt + b + 1) * sum (fun p => if snd p =? D + (t - b - D) then 1 else 0)
      (spread k D 0 l)).
    + rewrite <- sum_scale. apply sum_le. intros p _.
      destruct (Z.eqb_spec (t - snd p) b), (Z.eqb_spec (snd p) (D + (t - b - D))); lia.
    + pose proof (spread_count 0 l (t - b - D) (Z.le_refl 0)) as count. nia.
Qed.

(* What it costs. *)
Lemma spread_costs i l : 0 <= i -> Forall (fun r => arrival r = 0 /\ output_len r <= u) l ->
  2 * k * cost_of (spread k D i l) <= 2 * k * Z.of_nat (length l) * (D + u)
    + Z.of_nat (length l) * (Z.of_nat (length l) + 2 * i).
Proof.
  unfold cost_of. revert i. induction l as [|r l IH]; intros i first all; [cbn; lia|].
  apply Forall_cons_iff in all as [[at_0 short] all]. specialize (IH (i + 1) ltac:(lia) all).
  cbn [spread sum fst snd length]. rewrite at_0.
  pose proof (Z.mul_div_le i k ltac:(lia)). rewrite Nat2Z.inj_succ.
  set (n := Z.of_nat (length l)) in *. set (rest := sum _ _) in *.
  assert (2 * k * (D + i / k + output_len r - 0) <= 2 * k * (D + u) + 2 * i) by nia. nia.
Qed.
End Spread.
