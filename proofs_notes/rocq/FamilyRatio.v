(* T15: on instances of the family Amin's ratio comes as near as one likes to the root of N / c, N
   being the number of requests of length 1 that fit into a round. *)
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
Variables s u c q m : Z.
Hypothesis some_prompt : 1 <= s.
Hypothesis two_lengths : 2 <= u.
Hypothesis some_room : 1 <= c.
Hypothesis some_rounds : 0 <= q.
Hypothesis some_m : 0 <= m.
Notation K := (c * q).
Notation M := (cache s u c). Notation T := (horizon u c K).
Notation N := (M / (s + 1)).
Notation fam := (family s u c K m).
Notation is_one := (fun r => output_len r =? 1).
Notation ones := (filter is_one fam). Notation others := (filter (fun r => negb (is_one r)) fam).

(* N requests of length 1 fit into a round, and no more; N is x_0, and at least c. *)
Lemma room_for_ones : M < (s + 1) * (N + 1) /\ N * (s + 1) <= M /\ surviving s u c 0 = N /\ c <= N.
Proof.
  pose proof (Z.div_mod M (s + 1) ltac:(lia)). pose proof (Z.mod_pos_bound M (s + 1) ltac:(lia)).
  repeat split; [lia|lia| |].
  - unfold surviving. rewrite v_zero. f_equal; lia.
  - apply Z.div_le_lower_bound; [lia|]. unfold cache.
    assert (vol s 1 <= vol s u) as more by (apply v_mono; lia).
    replace (vol s 1) with (s + 1) in more by (unfold vol; change (1 * (1 + 1) / 2) with 1; lia).
    nia.
Qed.

(* The horizon. *)
Lemma horizon_is : K / c = q /\ K mod c = 0 /\ T = u + q.
Proof.
  unfold horizon. rewrite Z.mul_comm, Z.div_mul, Z.mod_mul by lia. auto.
Qed.

(* The placed requests up to the horizon, and those of length 1 at the end. *)
Lemma placement_parts : exists first short, placement s u c K m = first ++ short /\
  Z.of_nat (length short) = m /\
  (forall p, In p short -> fst p = T /\ prompt_len (snd p) = s /\ output_len (snd p) = 1) /\
  c * (q * q) <= 2 * sum (fun p => fst p + output_len (snd p)) first.
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
    assert (long : forall n, 0 <= n -> c * (n * n) <= 2 * sum (fun p : Z * Z => fst p + snd p)
      (flat_map (fun t => many c (t, u)) (numbers u n))).
    { intros n some. rewrite sum_flat_map, <- (Z2Nat.id n some).
      induction (Z.to_nat n) as [|j IH]; [cbn; lia|].
      replace (Z.of_nat (S j)) with (Z.of_nat j + 1) by lia.
      rewrite numbers_more, sum_app by lia. cbn [sum]. rewrite sum_many by lia. cbn [fst snd].
      nia. }
    specialize (long q some_rounds).
    match goal with |- _ <= 2 * (?a + ?b + ?d + _) => assert (0 <= a /\ 0 <= b /\ 0 <= d) end.
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
  N * (c * (q * q) + 2 * (q * m)) + m * m <= 2 * N * total_latency l.
Proof.
  intros is. destruct placement_parts as (first & short & parts & len & shape & early).
  assert (fit : first_fit M fam (placement s u c K m) T) by (apply placement_fits; lia || nia).
  rewrite parts in fit.
  assert (zero : at_once fam).
  { unfold at_once. apply Forall_forall. intros r here.
    now apply in_numbered in here as (o & k & _ & _ & ->). }
  destruct room_for_ones as (tight & _ & _ & more). destruct horizon_is as (_ & _ & hor).
  destruct (amin_costs_at_least M T N s fam fam_sane zero first short l fit is shape tight)
    as (rest & share & total); [lia..|].
  rewrite len, hor in *.
  assert (N * (c * (q * q) + 2 * (q * m) + 2 * rest) <= N * (2 * total_latency l)).
  { apply Z.mul_le_mono_nonneg_l; [lia|]. assert (0 <= u * m) by (apply Z.mul_nonneg_nonneg; lia).
    lia. }
  lia.
Qed.

(* Outputs of block 0, each counted at most once. *)
Lemma block_0_count (w : Z -> Z) : (forall o, 0 <= w o <= 1) ->
  sum (fun t => sum (fun p => w (snd p))
    (many (surviving s u c (t - 1) - surviving s u c t) (0, t))) (numbers 1 (u - 1)) <= N - c.
Proof.
  intros unit. transitivity (surviving s u c 0 - surviving s u c (u - 1)).
  - assert (falls : forall n, 0 <= n <= u - 1 -> sum (fun t => sum (fun p => w (snd p))
      (many (surviving s u c (t - 1) - surviving s u c t) (0, t))) (numbers 1 n)
      <= surviving s u c 0 - surviving s u c n); [|apply falls; lia].
    intros n range. destruct range as [some range]. revert range.
    rewrite <- (Z2Nat.id n some). induction (Z.to_nat n) as [|j IH]; intros range; [cbn; lia|].
    replace (Z.of_nat (S j)) with (Z.of_nat j + 1) in * by lia.
    rewrite numbers_more, sum_app by lia. cbn [sum].
    pose proof (x_falls s u c ltac:(lia) ltac:(lia) (1 + Z.of_nat j) ltac:(lia)) as less.
    replace (1 + Z.of_nat j - 1) with (Z.of_nat j) in * by lia.
    rewrite sum_many by lia. cbn [snd]. specialize (IH ltac:(lia)).
    specialize (unit (1 + Z.of_nat j)).
    replace (Z.of_nat j + 1) with (1 + Z.of_nat j) by lia. nia.
  - rewrite (x_last s u c) by lia. destruct room_for_ones as (_ & _ & -> & _). lia.
Qed.

(* f_t is at most u. *)
Lemma few_fillers t : 1 <= t < u -> 0 <= filling s u c t <= u.
Proof.
  intros range.
  destruct (round_filled s u c ltac:(lia) ltac:(lia) ltac:(lia) t ltac:(lia)) as (_ & some & fit &
    _).
  split; [exact some|]. unfold surviving in fit.
  pose proof (Z.div_mod (cache s u c - c * vol s t) (s + t + 1) ltac:(lia)).
  pose proof (Z.mod_pos_bound (cache s u c - c * vol s t) (s + t + 1) ltac:(lia)). nia.
Qed.

(* Outputs of the rounds from 1 to u - 1. *)
Lemma middle_count (w : Z -> Z) n : 0 <= n <= u - 1 -> 0 <= w 1 ->
  sum (fun t => sum (fun p => w (snd p)) (many c (t, u) ++ many (filling s u c t) (t, 1)))
    (numbers 1 n) <= n * (c * w u + u * w 1).
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
  sum (fun t => sum (fun p => w (snd p)) (many c (t, u))) (numbers u q) = c * q * w u.
Proof.
  rewrite (sum_ext _ (fun _ => c * w u)) by (intros a _; now rewrite sum_many by lia).
  rewrite sum_const. unfold numbers. rewrite map_length, seq_length, Z2Nat.id by lia. lia.
Qed.

(* All outputs. *)
Lemma all_count (w : Z -> Z) : (forall o, 0 <= w o <= 1) ->
  sum (fun p => w (snd p)) (starts s u c K m)
  <= N - c + c * w u + (u - 1) * (c * w u + u * w 1) + c * q * w u + m * w 1.
Proof.
  intros unit.
  destruct horizon_is as (quot & rem & _). unfold starts. rewrite quot, rem.
  change (many 0 (T, u)) with (@nil (Z * Z)).
  rewrite app_nil_r, !sum_app, !sum_flat_map, long_count, !sum_many by lia. cbn [snd].
  pose proof (block_0_count w unit). pose proof (unit 1).
  pose proof (middle_count w (u - 1) ltac:(lia) ltac:(lia)). lia.
Qed.

(* How many requests of length 1 there are, and how many others. *)
Lemma how_many : Z.of_nat (length ones) <= m + (N + u * u) /\
  Z.of_nat (length others) <= c * q + (N + c * u).
Proof.
  unfold family. rewrite <- (starts_outputs s u c K m) by nia.
  rewrite (count_outputs s u 0 _ (fun o => o =? 1)),
    (count_outputs s u 0 _ (fun o => negb (o =? 1))).
  pose proof (all_count (fun o => if o =? 1 then 1 else 0)) as short.
  pose proof (all_count (fun o => if negb (o =? 1) then 1 else 0)) as long.
  cbn beta in *. replace (u =? 1) with false in * by (symmetry; apply Z.eqb_neq; lia).
  cbn [Z.eqb Pos.eqb negb] in *.
  split; [etransitivity; [apply short|]|etransitivity; [apply long|]];
    try (intros o; destruct (o =? 1); cbn; lia); nia.
Qed.

(* What a request of the family is like. *)
Lemma family_facts r : In r fam ->
  sane M 1 r /\ prompt_len r = s /\ arrival r = 0 /\ output_len r <= u.
Proof.
  intros here. pose proof (sane_of M 1 fam fam_sane r here) as is_sane. split; [exact is_sane|].
  destruct is_sane as [_ _ _ up _ _].
  apply in_numbered in here as (o & k & _ & _ & ->). cbn in *. specialize (up u eq_refl). auto.
Qed.

(* A better order: those of length 1 first, N a round, then the others, c a round. *)
Definition turn : Z := Z.of_nat (length ones) / N + 1.
Definition better : list (request * Z) := spread N 0 0 ones ++ spread c turn 0 others.

(* It is a start vector. *)
Lemma better_vector : start_vector M 1 better.
Proof.
  destruct room_for_ones as (_ & ones_fit & _ & more). assert (some_N : 1 <= N) by lia.
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
  - intros t. unfold load, better. rewrite sum_app.
    assert (each : forall kind, Forall (fun r => prompt_len r = s /\ output_len r <= u)
      (filter kind fam)).
    { intros kind. apply Forall_forall. intros r here. apply filter_In in here as [here _].
      destruct (family_facts r here) as (_ & ? & _ & ?). auto. }
    destruct (Z.lt_ge_cases t turn) as [early|late].
    + rewrite (sum_zero _ (spread c turn 0 others)).
      * pose proof (spread_load N 0 1 s some_N ltac:(lia) ltac:(lia) ones t) as fit.
        unfold load in fit. replace (vol s 1) with (s + 1) in fit by (unfold vol;
          change (1 * (1 + 1) / 2) with 1; lia). rewrite Z.add_0_r.
        etransitivity; [apply fit|lia]. apply Forall_forall. intros r here.
        apply filter_In in here as [here one]. apply Z.eqb_eq in one.
        destruct (family_facts r here) as (_ & ? & _). split; [assumption|lia].
      * intros p here. apply in_spread in here as (_ & low & _); [|lia|lia]. unfold occ_of.
        now destruct (Z.leb_spec 0 (t - snd p)); [lia|].
    + rewrite (sum_zero _ (spread N 0 0 ones)); [rewrite Z.add_0_l|].
      * apply (spread_load c turn u s); [lia|lia|lia|apply each].
      * intros p here. apply in_spread in here as (here & _ & high); [|lia|lia].
        apply filter_In in here as [_ one]. apply Z.eqb_eq in one. unfold occ_of. rewrite one.
        unfold turn in late. rewrite !Z.add_0_l in high. destruct (Z.ltb_spec (t - snd p) 1);
          [lia|]. now rewrite andb_false_r.
Qed.

(* What it costs. *)
Lemma better_schedule : exists best, valid M 1 fam best /\
  2 * c * N * total_latency best
    <= upper c N u (Z.of_nat (length ones)) (Z.of_nat (length others)).
Proof.
  destruct room_for_ones as (_ & _ & _ & more). assert (some_N : 1 <= N) by lia.
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
    pose proof (spread_costs c turn u ltac:(lia) 0 others (Z.le_refl 0) long) as second.
    unfold cost_of in *. unfold turn at 2 in second.
    pose proof (Z.mul_div_le (Z.of_nat (length ones)) N ltac:(lia)) as part. unfold upper.
    set (n := Z.of_nat (length ones)) in *. set (R := Z.of_nat (length others)) in *.
    assert (some_R : 0 <= R) by apply Nat2Z.is_nonneg.
    set (a := sum _ (spread N 0 0 _)) in *. set (b := sum _ (spread c turn 0 _)) in *.
    set (k := N) in *. clearbody n R a b k.
    apply (Z.mul_le_mono_nonneg_l _ _ c) in first; [|lia].
    apply (Z.mul_le_mono_nonneg_l _ _ k) in second; [|lia].
    apply (Z.mul_le_mono_nonneg_l _ _ (2 * c * R)) in part; [|nia]. lia.
Qed.
End Ratio.

(* T15, A1 in its exact form: the ratio comes as near to the root of N / c as one likes. *)
Theorem family_ratio s u c a b : 1 <= s -> 2 <= u -> 1 <= c -> 1 <= a -> 1 <= b ->
  a * a * c < b * b * (cache s u c / (s + 1)) -> exists K m, 0 <= K /\ 0 <= m /\
  exists best, valid (cache s u c) 1 (family s u c K m) best /\
    forall l, amin_schedule (cache s u c) 1 (family s u c K m) l ->
      a * total_latency best < b * total_latency l.
Proof.
  intros prompt two room some_a some_b less. set (N := cache s u c / (s + 1)) in *.
  set (A := N + u * u). set (R0 := N + c * u). set (z := long_enough c N u a b A R0).
  destruct (room_for_ones s u c prompt two room) as (_ & _ & _ & more). fold N in more.
  assert (some : 1 <= c /\ 1 <= N /\ 1 <= u /\ 1 <= a /\ 1 <= b /\ 0 <= A /\ 0 <= R0)
    by (unfold A, R0; repeat split; lia || nia).
  destruct (coefficients c N u a b A R0 some) as (_ & _ & some_z). fold z in some_z.
  assert (some_q : 0 <= b * z) by nia. assert (some_m : 0 <= c * a * z) by nia.
  exists (c * (b * z)), (c * a * z). split; [nia|]. split; [exact some_m|].
  destruct (better_schedule s u c (b * z) (c * a * z) prompt two room some_q)
    as (best & V & cost). exists best. split; [exact V|]. intros l is.
  destruct (how_many s u c (b * z) (c * a * z) prompt two room some_q some_m) as [few_ones
    few_others].

  apply (costs_compare c N u a b A R0 some less _ _ (total_latency l) (total_latency best)
    (conj (Nat2Z.is_nonneg _) few_ones) (conj (Nat2Z.is_nonneg _) few_others)); [|exact cost].
  exact (amin_at_least s u c (b * z) (c * a * z) prompt two room some_q some_m l is).
Qed.

(* With c = s + 1 the root is that of v(u) / v(1). *)
Theorem family_root s u a b : 1 <= s -> 2 <= u -> 1 <= a -> 1 <= b ->
  a * a * vol s 1 < b * b * vol s u -> exists c K m, 1 <= c /\ 0 <= K /\ 0 <= m /\
  exists best, valid (cache s u c) 1 (family s u c K m) best /\
    forall l, amin_schedule (cache s u c) 1 (family s u c K m) l ->
      a * total_latency best < b * total_latency l.
Proof.
  intros prompt two some_a some_b less. exists (s + 1).
  destruct (family_ratio s u (s + 1) a b prompt two ltac:(lia) some_a some_b) as (K & m & all).
  - unfold cache. rewrite (Z.mul_comm (s + 1) (vol s u)), Z.div_mul by lia.
    replace (vol s 1) with (s + 1) in less by (unfold vol; change (1 * (1 + 1) / 2) with 1; lia).
    lia.
  - exists K, m. split; [lia|exact all].
Qed.

(* For s = 1 and c = 2 it is more than u / 2. *)
Theorem family_half u : 2 <= u -> exists K m, 0 <= K /\ 0 <= m /\
  exists best, valid (cache 1 u 2) 1 (family 1 u 2 K m) best /\
    forall l, amin_schedule (cache 1 u 2) 1 (family 1 u 2 K m) l ->
      u * total_latency best < 2 * total_latency l.
Proof.
  intros two. apply family_ratio; try lia. pose proof (vol_twice 1 u).
  unfold cache. rewrite (Z.mul_comm 2 (vol 1 u)). change (1 + 1) with 2. rewrite Z.div_mul by lia.
  nia.
Qed.
