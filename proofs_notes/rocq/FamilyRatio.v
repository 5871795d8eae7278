(* T15 for s = l = 1: on an instance of the family Amin costs more than u / 2 times as much as some
   valid schedule, for every u. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Certificate Starts Ratio.
From AminRef.facts Require Import Sums Lists.
From AminRef Require Import FamilyStarts Family FamilyFits FamilyPlaced FamilyCosts FamilyOrder.
From AminRef Require Import FamilyNumbers.
Import ListNotations.
Open Scope Z_scope.

(* A list of starts in two parts. *)
Lemma place_app s u i a b :
  place s u i (a ++ b) = place s u i a ++ place s u (i + Z.of_nat (length a)) b.
Proof.
  revert i. induction a as [|p a IH]; intros i; cbn [place app length]; [now rewrite Z.add_0_r|].
  rewrite IH. do 3 f_equal. lia.
Qed.

(* Completions as placed, without the requests. *)
Lemma place_stops s u i l : sum (fun p => fst p + output_len (snd p)) (place s u i l)
  = sum (fun p => fst p + snd p) l.
Proof. revert i. induction l as [|p l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* The number of placed requests. *)
Lemma place_length s u i l : length (place s u i l) = length l.
Proof. revert i. induction l as [|p l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* How many requests have an output of a kind. *)
Lemma count_outputs s u i (l : list (Z * Z)) kind :
  Z.of_nat (length (filter (fun r => kind (output_len r)) (numbered s u i (map snd l))))
  = sum (fun p => if kind (snd p) then 1 else 0 : Z) l.
Proof.
  revert i. induction l as [|p l IH]; intros i; [reflexivity|].
  cbn [map numbered filter output_len sum]. destruct (kind (snd p)); cbn [length];
    rewrite ?Nat2Z.inj_succ, IH; lia.
Qed.

(* One part and the other. *)
Lemma both_parts {A} (p : A -> bool) l :
  Permutation (filter p l ++ filter (fun a => negb (p a)) l) l.
Proof.
  rewrite <- either_filter by (intros a _; now destruct (p a)).
  rewrite filter_all; [reflexivity|]. intros a _. now destruct (p a).
Qed.

Section Ratio.
Variables u q : Z.
Hypothesis two_lengths : 2 <= u.
Hypothesis some_rounds : 0 <= q.
Notation K := (2 * q). Notation m := ((u + 1) * q). Notation N := (vol 1 u).
Notation M := (cache 1 u 2). Notation T := (horizon u 2 K).
Notation fam := (family 1 u 2 K m).
Notation is_one := (fun r => output_len r =? 1).
Notation ones := (filter is_one fam). Notation others := (filter (fun r => negb (is_one r)) fam).

(* The volume in closed form. *)
Lemma twice_N : 2 * N = u * (u + 3).
Proof.
  unfold vol. pose proof (Z.div_mod (u * (u + 1)) 2 ltac:(lia)) as cut.
  assert (even : (u * (u + 1)) mod 2 = 0).
  { rewrite Z.mul_mod, Zplus_mod by lia. pose proof (Z.mod_pos_bound u 2 ltac:(lia)).
    assert (u mod 2 = 0 \/ u mod 2 = 1) as [->| ->] by lia; reflexivity. }
  lia.
Qed.

(* The horizon. *)
Lemma horizon_is : K / 2 = q /\ K mod 2 = 0 /\ T = u + q.
Proof.
  unfold horizon. rewrite Z.mul_comm, Z.div_mul, Z.mod_mul by lia. auto.
Qed.

(* The placed requests up to the horizon, and those of length 1 at the end. *)
Lemma placement_parts : exists first short, placement 1 u 2 K m = first ++ short /\
  Z.of_nat (length short) = m /\
  (forall p, In p short -> fst p = T /\ prompt_len (snd p) = 1 /\ output_len (snd p) = 1) /\
  q * q <= sum (fun p => fst p + output_len (snd p)) first.
Proof.
  destruct horizon_is as (quot & rem & hor).
  rewrite placement_place by lia. unfold starts. rewrite quot, rem. rewrite !app_assoc.
  rewrite place_app. eexists _, _. split; [reflexivity|]. split; [|split].
  - rewrite place_length. unfold many. rewrite repeat_length. lia.
  - intros p here. apply in_place in here as (b & k & here & _ & ->). apply in_many in here as ->.
    auto.
  - change (many 0 (T, u)) with (@nil (Z * Z)). rewrite place_stops, app_nil_r, !sum_app.
    assert (nonneg : forall l, (forall p, In p l -> 0 <= fst p + snd p) ->
      0 <= sum (fun p : Z * Z => fst p + snd p) l) by (intros l; apply sum_nonneg).
    assert (long : forall n, 0 <= n -> n * n <= sum (fun p : Z * Z => fst p + snd p)
      (flat_map (fun t => many 2 (t, u)) (numbers u n))).
    { intros n some. rewrite sum_flat_map, <- (Z2Nat.id n some).
      induction (Z.to_nat n) as [|j IH]; [cbn; lia|].
      replace (Z.of_nat (S j)) with (Z.of_nat j + 1) by lia.
      rewrite numbers_more, sum_app by lia. cbn [sum]. rewrite sum_many by lia. cbn [fst snd].
      nia. }
    specialize (long q some_rounds).
    match goal with |- _ <= ?a + ?b + ?d + _ => assert (0 <= a /\ 0 <= b /\ 0 <= d) end.
    + repeat split; apply nonneg; intros p here.
      * apply in_flat_map in here as (t & range & here). apply in_numbers in range.
        apply in_many in here as ->. cbn. lia.
      * apply in_many in here as ->. cbn. lia.
      * apply in_flat_map in here as (t & range & here). apply in_numbers in range.
        apply in_app_iff in here as [here|here]; apply in_many in here as ->; cbn; lia.
    + lia.
Qed.

(* The instance is sane. *)
Lemma fam_sane : sane_instance M 1 fam.
Proof. apply family_sane; lia || nia. Qed.

(* What Amin costs at least. *)
Lemma amin_at_least l : amin_schedule M 1 fam l ->
  2 * N * (q * q + m * q) + m * m <= 2 * N * total_latency l.
Proof.
  intros is. destruct placement_parts as (first & short & parts & len & shape & early).
  assert (fit : first_fit M fam (placement 1 u 2 K m) T) by (apply placement_fits; lia || nia).
  rewrite parts in fit.
  assert (zero : at_once fam).
  { unfold at_once. apply Forall_forall. intros r here.
    now apply in_numbered in here as (o & k & _ & _ & ->). }
  pose proof twice_N as closed. destruct horizon_is as (_ & _ & hor).
  assert (some_N : 0 <= N) by nia.
  destruct (amin_costs_at_least M T N fam fam_sane zero first short l fit is shape)
    as (rest & share & total).
  - unfold cache. lia.
  - exact some_N.
  - rewrite len, hor in *.
    assert (N * (q * q + (u + q) * m + rest) <= N * total_latency l)
      by (apply Z.mul_le_mono_nonneg_l; lia).
    assert (0 <= N * (u * m)) by (repeat apply Z.mul_nonneg_nonneg; lia). lia.
Qed.

(* Outputs of block 0, each counted at most once. *)
Lemma block_0_count (w : Z -> Z) : (forall o, 0 <= w o <= 1) ->
  sum (fun t => sum (fun p => w (snd p))
    (many (surviving 1 u 2 (t - 1) - surviving 1 u 2 t) (0, t))) (numbers 1 (u - 1)) <= N - 2.
Proof.
  intros unit. transitivity (surviving 1 u 2 0 - surviving 1 u 2 (u - 1)).
  - assert (falls : forall n, 0 <= n <= u - 1 -> sum (fun t => sum (fun p => w (snd p))
      (many (surviving 1 u 2 (t - 1) - surviving 1 u 2 t) (0, t))) (numbers 1 n)
      <= surviving 1 u 2 0 - surviving 1 u 2 n); [|apply falls; lia].
    intros n range. destruct range as [some range]. revert range.
    rewrite <- (Z2Nat.id n some). induction (Z.to_nat n) as [|j IH]; intros range; [cbn; lia|].
    replace (Z.of_nat (S j)) with (Z.of_nat j + 1) in * by lia.
    rewrite numbers_more, sum_app by lia. cbn [sum].
    pose proof (x_falls 1 u 2 ltac:(lia) ltac:(lia) (1 + Z.of_nat j) ltac:(lia)) as less.
    replace (1 + Z.of_nat j - 1) with (Z.of_nat j) in * by lia.
    rewrite sum_many by lia. cbn [snd]. specialize (IH ltac:(lia)).
    specialize (unit (1 + Z.of_nat j)).
    replace (Z.of_nat j + 1) with (1 + Z.of_nat j) by lia. nia.
  - rewrite (x_last 1 u 2) by lia. unfold surviving, cache. rewrite v_zero.
    replace (2 * N - 2 * 0) with (N * (1 + 0 + 1)) by lia. rewrite Z.div_mul by lia. lia.
Qed.

(* f_t is at most u. *)
Lemma few_fillers t : 1 <= t < u -> 0 <= filling 1 u 2 t <= u.
Proof.
  intros range.
  destruct (round_filled 1 u 2 ltac:(lia) ltac:(lia) ltac:(lia) t ltac:(lia)) as (_ & some & fit &
    _).
  split; [exact some|]. unfold surviving in fit.
  pose proof (Z.div_mod (cache 1 u 2 - 2 * vol 1 t) (1 + t + 1) ltac:(lia)).
  pose proof (Z.mod_pos_bound (cache 1 u 2 - 2 * vol 1 t) (1 + t + 1) ltac:(lia)). nia.
Qed.

(* Outputs of the rounds from 1 to u - 1. *)
Lemma middle_count (w : Z -> Z) n : 0 <= n <= u - 1 -> 0 <= w 1 ->
  sum (fun t => sum (fun p => w (snd p)) (many 2 (t, u) ++ many (filling 1 u 2 t) (t, 1)))
    (numbers 1 n) <= n * (2 * w u + u * w 1).
Proof.
  intros [some range] nonneg. revert range. rewrite <- (Z2Nat.id n some).
  induction (Z.to_nat n) as [|j IH]; intros range; [cbn; lia|].
  replace (Z.of_nat (S j)) with (Z.of_nat j + 1) in * by lia.
  rewrite numbers_more, sum_app by lia. cbn [sum]. specialize (IH ltac:(lia)).
  pose proof (few_fillers (1 + Z.of_nat j) ltac:(lia)).
  rewrite sum_app, !sum_many by lia. cbn [snd]. nia.
Qed.

(* Outputs of the K. *)
Lemma long_count (w : Z -> Z) :
  sum (fun t => sum (fun p => w (snd p)) (many 2 (t, u))) (numbers u q) = 2 * q * w u.
Proof.
  rewrite (sum_ext _ (fun _ => 2 * w u)) by (intros a _; now rewrite sum_many by lia).
  rewrite sum_const. unfold numbers. rewrite map_length, seq_length, Z2Nat.id by lia. lia.
Qed.

(* All outputs. *)
Lemma all_count (w : Z -> Z) : (forall o, 0 <= w o <= 1) ->
  sum (fun p => w (snd p)) (starts 1 u 2 K m)
  <= N - 2 + 2 * w u + (u - 1) * (2 * w u + u * w 1) + 2 * q * w u + m * w 1.
Proof.
  intros unit. assert (some_m : 0 <= m) by (apply Z.mul_nonneg_nonneg; lia).
  destruct horizon_is as (quot & rem & _). unfold starts. rewrite quot, rem.
  change (many 0 (T, u)) with (@nil (Z * Z)).
  rewrite app_nil_r, !sum_app, !sum_flat_map, long_count, !sum_many by lia. cbn [snd].
  pose proof (block_0_count w unit). pose proof (unit 1).
  pose proof (middle_count w (u - 1) ltac:(lia) ltac:(lia)). lia.
Qed.

(* How many requests of length 1 there are, and how many others. *)
Lemma how_many : Z.of_nat (length ones) <= m + N + u * u /\
  Z.of_nat (length others) <= 2 * q + N + 2 * u.
Proof.
  unfold family. rewrite <- (starts_outputs 1 u 2 K m) by nia.
  rewrite (count_outputs 1 u 0 _ (fun o => o =? 1)),
    (count_outputs 1 u 0 _ (fun o => negb (o =? 1))).
  pose proof (all_count (fun o => if o =? 1 then 1 else 0)) as short.
  pose proof (all_count (fun o => if negb (o =? 1) then 1 else 0)) as long.
  cbn beta in *. replace (u =? 1) with false in * by (symmetry; apply Z.eqb_neq; lia).
  cbn [Z.eqb Pos.eqb negb] in *.
  split; [etransitivity; [apply short|]|etransitivity; [apply long|]];
    try (intros o; destruct (o =? 1); cbn; lia); nia.
Qed.

(* What a request of the family is like. *)
Lemma family_facts r : In r fam ->
  sane M 1 r /\ prompt_len r = 1 /\ arrival r = 0 /\ output_len r <= u.
Proof.
  intros here. pose proof (sane_of M 1 fam fam_sane r here) as is_sane. split; [exact is_sane|].
  destruct is_sane as [_ _ _ up _ _].
  apply in_numbered in here as (o & k & _ & _ & ->). cbn in *. specialize (up u eq_refl). auto.
Qed.

(* A better order: those of length 1 first, N a round, then the others, two a round. *)
Definition turn : Z := Z.of_nat (length ones) / N + 1.
Definition better : list (request * Z) := spread N 0 0 ones ++ spread 2 turn 0 others.

(* It is a start vector. *)
Lemma better_vector : start_vector M 1 better.
Proof.
  pose proof twice_N as closed. assert (some_N : 1 <= N) by nia.
  assert (some_turn : 0 <= Z.of_nat (length ones) / N) by (apply Z.div_pos; lia).
  assert (from : forall p, In p better -> In (fst p) fam /\ 0 <= snd p).
  { intros p here. apply in_app_iff in here as [here|here];
      (apply in_spread in here as (here & low & _); [|lia|lia]);
        apply filter_In in here as [here _];
      (split; [exact here|]); unfold turn in *; lia. }
  constructor.
  - intros p here. apply family_facts. now apply from.
  - intros p here. destruct (from p here) as [there late].
    destruct (family_facts _ there) as (_ & _ & -> & _). exact late.
  - intros t. unfold load, better. rewrite sum_app. unfold cache.
    assert (each : forall kind, Forall (fun r => prompt_len r = 1 /\ output_len r <= u)
      (filter kind fam)).
    { intros kind. apply Forall_forall. intros r here. apply filter_In in here as [here _].
      destruct (family_facts r here) as (_ & ? & _ & ?). auto. }
    destruct (Z.lt_ge_cases t turn) as [early|late].
    + rewrite (sum_zero _ (spread 2 turn 0 others)).
      * pose proof (spread_load N 0 1 1 some_N ltac:(lia) ltac:(lia) ones t) as fit.
        unfold load in fit. replace (vol 1 1) with 2 in fit by reflexivity. rewrite Z.add_0_r.
        etransitivity; [apply fit|lia]. apply Forall_forall. intros r here.
        apply filter_In in here as [here one]. apply Z.eqb_eq in one.
        destruct (family_facts r here) as (_ & ? & _). split; [assumption|lia].
      * intros p here. apply in_spread in here as (_ & low & _); [|lia|lia]. unfold occ_of.
        now destruct (Z.leb_spec 0 (t - snd p)); [lia|].
    + rewrite (sum_zero _ (spread N 0 0 ones)); [rewrite Z.add_0_l|].
      * apply (spread_load 2 turn u 1); [lia|lia|lia|apply each].
      * intros p here. apply in_spread in here as (here & _ & high); [|lia|lia].
        apply filter_In in here as [_ one]. apply Z.eqb_eq in one. unfold occ_of. rewrite one.
        unfold turn in late. rewrite !Z.add_0_l in high. destruct (Z.ltb_spec (t - snd p) 1);
          [lia|]. now rewrite andb_false_r.
Qed.

(* What it costs. *)
Lemma better_schedule : exists best, valid M 1 fam best /\
  4 * N * total_latency best <=
    4 * N * Z.of_nat (length ones) + 2 * Z.of_nat (length ones) * Z.of_nat (length ones)
    + 4 * Z.of_nat (length others) * (Z.of_nat (length ones) + N + N * u)
    + N * Z.of_nat (length others) * Z.of_nat (length others).
Proof.
  pose proof twice_N as closed. assert (some_N : 1 <= N) by nia.
  exists (as_runs better). destruct (as_runs_valid M 1 fam better) as [V cost].
  - exact fam_sane.
  - exact better_vector.
  - unfold better. rewrite map_app, !spread_requests. apply both_parts.
  - split; [exact V|]. rewrite cost. unfold better, cost_of. rewrite sum_app.
    assert (short : Forall (fun r => arrival r = 0 /\ output_len r <= 1) ones).
    { apply Forall_forall. intros r here. apply filter_In in here as [here one].
      apply Z.eqb_eq in one. destruct (family_facts r here) as (_ & _ & ? & _). split; lia. }
    assert (long : Forall (fun r => arrival r = 0 /\ output_len r <= u) others).
    { apply Forall_forall. intros r here. apply filter_In in here as [here _].
      destruct (family_facts r here) as (_ & _ & ? & ?). split; lia. }
    pose proof (spread_costs N 0 1 some_N 0 ones (Z.le_refl 0) short) as first.
    pose proof (spread_costs 2 turn u ltac:(lia) 0 others (Z.le_refl 0) long) as second.
    unfold cost_of in *. unfold turn at 2 in second.
    pose proof (Z.mul_div_le (Z.of_nat (length ones)) N ltac:(lia)) as part.
    set (n := Z.of_nat (length ones)) in *. set (R := Z.of_nat (length others)) in *.
    assert (some_R : 0 <= R) by apply Nat2Z.is_nonneg.
    set (a := sum _ (spread N 0 0 _)) in *. set (b := sum _ (spread 2 turn 0 _)) in *.
    assert (N * (2 * 2 * b) <= N * (2 * 2 * R * (n / N + 1 + u) + R * (R + 2 * 0))) as scaled
      by (apply Z.mul_le_mono_nonneg_l; lia).
    assert (R * (N * (n / N)) <= R * n) by (apply Z.mul_le_mono_nonneg_l; lia).
    nia.
Qed.
End Ratio.

(* T15 for s = l = 1 and every u. *)
Theorem family_ratio u : 2 <= u -> exists K m, 0 <= K /\ 0 <= m /\
  exists best, valid (cache 1 u 2) 1 (family 1 u 2 K m) best /\
    forall l, amin_schedule (cache 1 u 2) 1 (family 1 u 2 K m) l ->
      u * total_latency best < 2 * total_latency l.
Proof.
  intros two. set (q := 40 * (u * u * u)). assert (some : 0 <= q) by (unfold q; nia).
  exists (2 * q), ((u + 1) * q). split; [lia|]. split; [apply Z.mul_nonneg_nonneg; lia|].
  destruct (better_schedule u q two some) as (best & V & cost). exists best. split; [exact V|].
  intros l is. destruct (how_many u q two some) as [few_ones few_others].
  apply (costs_compare u q ((u + 1) * q) (vol 1 u) _ _ (total_latency l) (total_latency best) two
    eq_refl eq_refl (twice_N u)) in cost; [exact cost| | |].
  - split; [apply Nat2Z.is_nonneg|exact few_ones].
  - split; [apply Nat2Z.is_nonneg|exact few_others].
  - exact (amin_at_least u q two some l is).
Qed.
