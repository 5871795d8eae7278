(* T13 (c): instances on which Amax costs nearly (M - s - L) / k * mu times what another schedule
   costs. *)
From Coq Require Import ZArith QArith Lqa List Lia Permutation Bool Sorting.Sorted Setoid.
From AminRef Require Import Records Model Safety Certificate Starts Ratio.
From AminRef Require Import Family FamilyFits FamilyPlaced AmaxBatches SmallInstances.
From AminRef Require Import Layers AmaxRatio AmaxGrowth AmaxSpread.
From AminRef Require FamilyCosts.
From AminRef.facts Require Import Sums Lists Fractions.
Import ListNotations.
Open Scope Z_scope.

(* In descending order, the totals add up to the greater values of all pairs. *)
Lemma totals_descending {A} (f : A -> Z) before l : StronglySorted (fun x y => f y <= f x) l ->
  2 * sum_of_totals f before l
  = 2 * before * Z.of_nat (length l) + pairs (greater f) l + sum f l.
Proof.
  intros sorted. revert before. induction sorted as [|x l _ IH first]; intros before; [cbn; lia|].
  rewrite pairs_cons. cbn [sum_of_totals sum length]. rewrite Forall_forall in first.
  rewrite (sum_ext (greater f x) (fun _ => f x) l)
    by (intros y here; specialize (first y here); unfold greater; lia).
  rewrite (sum_ext (fun y => greater f y x) (fun _ => f x) l)
    by (intros y here; specialize (first y here); unfold greater; lia).
  rewrite !sum_const. specialize (IH (before + f x)). unfold greater at 1. nia.
Qed.

(* Numbers in descending order from low to low + w, of which N x are above x. *)
Lemma with_counts low w : forall n (N : Z -> Z), 0 <= n ->
  (forall x, low <= x < low + Z.of_nat w -> 0 <= N x <= n) ->
  (forall x y, low <= x <= y -> y < low + Z.of_nat w -> N y <= N x) ->
  exists xs, Z.of_nat (length xs) = n /\ StronglySorted (fun x y => y <= x) xs /\
    Forall (fun x => low <= x <= low + Z.of_nat w) xs /\
    forall x, low <= x < low + Z.of_nat w -> count (fun y => y) xs x = N x.
Proof.
  induction w as [|w IH]; intros n N some range falls.
  - exists (many n low). unfold many. rewrite repeat_length. repeat split; try lia.
    + induction (Z.to_nat n) as [|j IH]; cbn [repeat]; constructor; [exact IH|].
      apply Forall_forall. intros y here. apply repeat_spec in here. lia.
    + apply Forall_forall. intros y here. apply repeat_spec in here. lia.
  - set (high := low + Z.of_nat w). set (c := N high).
    pose proof (range high ltac:(lia)) as c_range. fold c in c_range.
    destruct (IH (n - c) (fun x => N x - c)) as (xs & size & sorted & all & counts); [lia| | |].
    { intros x less. pose proof (range x ltac:(lia)).
      pose proof (falls x high ltac:(lia) ltac:(lia)). lia. }
    { intros x y order less. pose proof (falls x y order ltac:(lia)). lia. }
    fold high in all. exists (many c (high + 1) ++ xs). rewrite Forall_forall in all.
    assert (top : forall y, In y (many c (high + 1)) -> y = high + 1)
      by (intros y here; now apply repeat_spec in here).
    repeat split.
    + rewrite app_length, Nat2Z.inj_add. unfold many. rewrite repeat_length. lia.
    + apply sorted_both; [|exact sorted|].
      * clear - top. induction (many c (high + 1)) as [|y l IH]; constructor.
        -- apply IH. intros z here. apply top. now right.
        -- apply Forall_forall. intros z here. rewrite (top y), (top z); [lia|now right|now left].
      * intros y z here there. rewrite (top y here). specialize (all z there). lia.
    + apply Forall_forall. intros y here. apply in_app_iff in here as [here|here];
        [rewrite (top y here)|specialize (all y here)]; lia.
    + intros x less. unfold count. rewrite sum_app, sum_many by lia. unfold above at 1.
      destruct (Z.ltb_spec x (high + 1)); [|lia]. fold (count (fun y => y) xs x).
      destruct (Z.eq_dec x high) as [->|other].
      * unfold count. rewrite sum_zero; [unfold c; lia|]. intros y here.
        specialize (all y here). unfold above. destruct (Z.ltb_spec high y); lia.
      * rewrite counts by lia. lia.
Qed.

(* Some positive number is a multiple of each of these. *)
Lemma common_multiple l : Forall (fun d => 1 <= d) l ->
  exists D, 1 <= D /\ forall d, In d l -> (d | D).
Proof.
  induction 1 as [|d l some _ (D & some_D & each)].
  - exists 1. split; [lia|easy].
  - exists (d * D). split; [nia|]. intros e [<-|here].
    + apply Z.divide_factor_l.
    + apply Z.divide_mul_r. now apply each.
Qed.

(* A sum over batches. *)
Lemma sum_batches {A} (g : A -> Z) k xs : 0 <= k -> sum g (flat_map (many k) xs) = k * sum g xs.
Proof.
  intros some. rewrite sum_flat_map, <- sum_scale. apply sum_ext. intros x _. now apply sum_many.
Qed.

(* A sum over pairs of batches. *)
Lemma pairs_batches {A} (f : A -> A -> Z) k xs : 0 <= k ->
  pairs f (flat_map (many k) xs) = k * k * pairs f xs.
Proof.
  intros some. unfold pairs. rewrite (sum_batches _ k xs some).
  rewrite (sum_ext _ (fun x => k * sum (f x) xs)) by (intros x _; now apply sum_batches).
  rewrite sum_scale. lia.
Qed.

Section Attained.
Variables s low L : Z.
Variable m : Q.
Hypothesis prompt : 1 <= s.
Hypothesis bounds : 1 <= low <= L.
Hypothesis some : (0 < m)%Q.
Hypothesis root : (right_side s low m <= left_side s low L m)%Q.
Notation value := (fun x : Z => x).

(* Batches by the shares 1 / (1 + m * (s + x + 1)), without rounding. *)
Lemma exact_shares t : 1 <= t -> exists b xs, t <= b /\ Z.of_nat (length xs) = b /\
  StronglySorted (fun x y => y <= x) xs /\ Forall (fun x => low <= x <= L) xs /\
  forall x, low <= x < L -> (inject_Z (count value xs x) == inject_Z b * layer s m x)%Q.
Proof.
  clear root. intros large. set (q := Zpos (Qden m)). set (p := Qnum m).
  assert (some_p : 1 <= p) by (unfold p; destruct m as [p' q']; unfold Qlt in some; cbn in *; lia).
  set (d := fun x => q + p * (s + x + 1)).
  assert (some_d : forall x, low <= x -> 1 <= d x) by (intros x more; unfold d, q; nia).
  destruct (common_multiple (map d (numbers low (L - low)))) as (D & some_D & multiple).
  { apply Forall_map, Forall_forall. intros x here. apply in_numbers in here. apply some_d. lia. }
  set (N := fun x => t * q * (D / d x)).
  assert (divides : forall x, low <= x < L -> D = D / d x * d x).
  { intros x range. rewrite Z.mul_comm. apply Z_div_exact_full_2; [specialize (some_d x); lia|].
    apply Z.mod_divide; [specialize (some_d x); lia|].
    apply multiple, in_map, FamilyCosts.numbers_in. lia. }
  destruct (with_counts low (Z.to_nat (L - low)) (t * D) N) as (xs & size & sorted & all & counts).
  - nia.
  - intros x range. specialize (divides x ltac:(lia)). specialize (some_d x ltac:(lia)).
    assert (0 <= D / d x) by (apply Z.div_pos; lia). unfold N. split; [unfold q; nia|].
    assert (q * (D / d x) <= D); [|nia]. unfold d in *. unfold q in *. nia.
  - intros x y order less. unfold N. apply Z.mul_le_mono_nonneg_l; [unfold q; nia|].
    apply Z.div_le_compat_l; [lia|]. split; [specialize (some_d x); lia|]. unfold d. nia.
  - exists (t * D), xs. rewrite Z2Nat.id in all, counts by lia.
    replace (low + (L - low)) with L in all, counts by lia. repeat split; auto; [nia|].
    intros x range. rewrite counts by exact range. unfold N, layer.
    rewrite (divides x range) at 2.
    assert (is_d : (inject_Z (d x) == inject_Z q * (1 + m * inject_Z (s + x + 1)))%Q).
    { unfold d. rewrite inject_Z_plus, inject_Z_mult.
      assert (m_is : (m * inject_Z q == inject_Z p)%Q)
        by (destruct m; unfold Qeq, p, q; cbn; lia).
      rewrite <- m_is. ring. }
    rewrite !inject_Z_mult, is_d. pose proof (positive_integer (s + x + 1) ltac:(lia)).
    field. nra.
Qed.

(* With these shares the greater values of pairs are at least m times the volumes of the smaller
   ones. *)
Lemma shares_attain b xs : Z.of_nat (length xs) = b -> Forall (fun x => low <= x <= L) xs ->
  (forall x, low <= x < L -> (inject_Z (count value xs x) == inject_Z b * layer s m x)%Q) ->
  b * b <= pairs (smaller_volume value s) xs /\
  (m * inject_Z (pairs (smaller_volume value s) xs) <= inject_Z (pairs (greater value) xs))%Q.
Proof.
  intros size all shares. rewrite Forall_forall in all.
  rewrite (greater_in_layers value low L xs all), (smaller_in_layers value s low L xs all) by lia.
  rewrite size. split.
  - assert (1 <= vol s low) by (pose proof (vol_twice s low); nia).
    assert (0 <= sum (fun x => (s + x + 1) * (count value xs x * count value xs x))
      (numbers low (L - low))); [|nia].
    apply sum_nonneg. intros x here. apply in_numbers in here. nia.
  - unfold left_side, right_side in root.
    rewrite !inject_Z_plus, <- !q_sum_integers, !inject_Z_mult. set (n := inject_Z b) in *.
    assert (each : (q_sum (fun x => inject_Z (2 * b * count value xs x
        - count value xs x * count value xs x)) (numbers low (L - low)) ==
      n * n * q_sum (layer s m) (numbers low (L - low)) +
      m * q_sum (fun x => inject_Z ((s + x + 1) * (count value xs x * count value xs x)))
        (numbers low (L - low)))%Q).
    { rewrite <- !q_sum_scale, <- q_sum_plus. apply q_sum_ext. intros x here.
      apply in_numbers in here. rewrite inject_Z_minus, !inject_Z_mult, (shares x) by lia.
      fold n. unfold layer. change (inject_Z 2) with 2%Q.
      pose proof (positive_integer (s + x + 1) ltac:(lia)). field. nra. }
    rewrite each. assert (0 <= n * n)%Q
      by (unfold n; rewrite <- inject_Z_mult, <- (integers_le 0); nia).
    nra.
Qed.
End Attained.

(* A list that is in order by f is so by g, if g follows f. *)
Lemma sorted_follows {A} (f g : A -> Z) l :
  (forall x y, In x l -> In y l -> f x <= f y -> g x <= g y) ->
  StronglySorted (fun x y => f x <= f y) l -> StronglySorted (fun x y => g x <= g y) l.
Proof.
  intros follows sorted. induction sorted as [|x l _ IH first]; constructor.
  - apply IH. intros y z here there. apply follows; now right.
  - rewrite Forall_forall in *. intros y here. apply follows; [now left|now right|auto].
Qed.

(* The numbers grow. *)
Lemma numbers_ascend from n : StronglySorted Z.lt (numbers from n).
Proof.
  unfold numbers. generalize 0%nat. induction (Z.to_nat n) as [|j IH]; intros i; cbn [seq map];
    constructor; [apply IH|]. apply Forall_map, Forall_forall. intros y here. apply in_seq in here.
  lia.
Qed.

Section Limit.
Variables s low L u k : Z.
Hypothesis prompt : 1 <= s.
Hypothesis bounds : 1 <= low <= L /\ L <= u.
Hypothesis some_at_once : 1 <= k.
Notation M := (batch_cache s u L k).
Notation value := (fun x : Z => x).
Let c := (k + 1) * (s + u) - s - 2 * L.
Variable xs : list Z.
Hypothesis lengths : Forall (fun x => low <= x <= L) xs.
Hypothesis descending : StronglySorted (fun x y => y <= x) xs.

(* The batches as requests, in the order of rank. *)
Definition batches : list request := uniform s low u 0 (flat_map (many k) xs).

(* Their outputs. *)
Lemma batches_outputs : map output_len batches = flat_map (many k) xs.
Proof.
  unfold batches. generalize 0. induction (flat_map (many k) xs) as [|o l IH]; intros i;
    cbn [uniform map]; [reflexivity|]. now rewrite IH.
Qed.

(* They are an instance. *)
Lemma batches_sane : sane_instance M 1 batches /\ Forall (of_uniform s low u) batches.
Proof.
  split.
  - apply uniform_sane; try lia; [unfold batch_cache; nia|]. apply Forall_forall. intros o here.
    apply in_flat_map in here as (x & there & here). apply repeat_spec in here. subst o.
    rewrite Forall_forall in lengths. specialize (lengths x there). lia.
  - apply Forall_forall. intros r here. apply in_uniform in here. unfold of_uniform. tauto.
Qed.

(* The lengths of the batches are those of the requests. *)
Lemma batches_between r : In r batches -> low <= output_len r <= L.
Proof.
  intros here. apply (in_map output_len) in here. rewrite batches_outputs in here.
  apply in_flat_map in here as (x & there & here). apply repeat_spec in here. rewrite here.
  rewrite Forall_forall in lengths. now apply lengths.
Qed.

(* What Amax costs at least. *)
Lemma batches_cost_amax fuel made : simulate (amax M 1) fuel batches = Some made ->
  k * pairs (greater value) xs <= 2 * total_latency made.
Proof.
  intros run. destruct batches_sane as [instance all].
  rewrite (amax_batches s u L k prompt ltac:(lia) some_at_once batches instance) with (xs := xs)
    (fuel := fuel); [| | | |exact batches_outputs|exact run].
  - pose proof (totals_descending value 0 xs descending) as twice.
    assert (0 <= sum value xs); [|nia]. apply sum_nonneg. intros x here.
    rewrite Forall_forall in lengths. specialize (lengths x here). lia.
  - eapply Forall_impl; [|exact all]. now intros r (same & _ & up & zero).
  - unfold batches. generalize 0. induction (flat_map (many k) xs) as [|o l IH]; intros i;
      cbn [uniform]; constructor; [apply IH|]. apply Forall_forall. intros r here.
    apply in_uniform in here as (_ & _ & _ & _ & _ & more & same). cbn. lia.
  - eapply Forall_impl; [|exact lengths]. cbn. lia.
Qed.

(* What the other schedule costs more than the volumes, for each request. *)
Definition slack : Z := 2 * (c * sum value (numbers low (L - low + 1))) + vol s L.

(* The lengths of the lanes. *)
Definition lane_lengths : list Z := numbers low (L - low + 1).

(* The rates are positive. *)
Lemma some_room : 0 <= c /\ 1 <= c /\ M - s - L = c.
Proof. unfold batch_cache, c. nia. Qed.

(* So is each lane's. *)
Lemma lane_rooms : Forall (fun x => 1 <= x /\ 1 <= M - s - x /\ c <= M - s - x) lane_lengths.
Proof.
  apply Forall_forall. intros x here. apply in_numbers in here. pose proof some_room. lia.
Qed.

(* All prompts are s, and all requests arrive in round 0. *)
Lemma batches_prompts : Forall (fun r => prompt_len r = s /\ arrival r = 0) batches.
Proof.
  eapply Forall_impl; [|exact (proj2 batches_sane)]. now intros r (same & _ & _ & zero).
Qed.

(* The lanes have each request once. *)
Lemma order_of_batches : Permutation (flat_map (of_length batches) lane_lengths) batches.
Proof.
  apply lengths_cover.
  - unfold lane_lengths, numbers. apply FinFun.Injective_map_NoDup; [|apply seq_NoDup].
    intros i j same. lia.
  - intros r here. apply FamilyCosts.numbers_in. pose proof (batches_between r here). lia.
Qed.

(* What all lanes cost, in the volumes of pairs of batches. *)
Lemma lanes_total :
  2 * c * sum (fun p => snd p + output_len (fst p)) (lanes s M batches 0 lane_lengths)
  <= k * k * pairs (smaller_volume value s) xs + k * Z.of_nat (length xs) * slack.
Proof.
  pose proof batches_prompts as prompts. set (f := fun r => vol s (output_len r)).
  set (order := flat_map (of_length batches) lane_lengths).
  assert (bound : c * sum (fun p => snd p + output_len (fst p)) (lanes s M batches 0 lane_lengths)
    <= sum_of_totals f 0 order + (0 + c * sum value lane_lengths) * Z.of_nat (length order)).
  { apply lanes_cost; try lia; [exact prompts|exact (proj1 some_room)|exact lane_rooms]. }
  pose proof order_of_batches as same. fold order in same.
  assert (sorted : StronglySorted (fun a b => f a <= f b) order).
  { apply (sorted_follows output_len); [|apply (lengths_sorted s), numbers_ascend; exact prompts].
    intros x y here there less. apply (v_mono s prompt).
    pose proof (batches_between x (Permutation_in _ same here)). lia. }
  pose proof (totals_are_pairs f 0 order sorted) as twice.
  rewrite (Ratio.pairs_perm _ _ _ same), (sum_perm _ _ _ same) in twice.
  rewrite (Permutation_length same) in twice, bound.
  assert (count_all : Z.of_nat (length batches) = k * Z.of_nat (length xs)).
  { rewrite <- (map_length output_len), batches_outputs.
    pose proof (sum_batches (fun _ => 1) k xs ltac:(lia)) as ones.
    rewrite !sum_const in ones. lia. }
  assert (all_pairs : pairs (smaller f) batches = k * k * pairs (smaller_volume value s) xs).
  { rewrite <- pairs_batches, <- batches_outputs, pairs_map by lia. unfold pairs.
    apply sum_ext. intros x here. apply sum_ext. intros y there.
    pose proof (batches_between x here). pose proof (batches_between y there).
    unfold smaller, smaller_volume, f.
    destruct (Z.le_ge_cases (output_len x) (output_len y)).
    - rewrite (Z.min_l (output_len x)) by lia. apply Z.min_l, (v_mono s prompt). lia.
    - rewrite (Z.min_r (output_len x)) by lia. apply Z.min_r, (v_mono s prompt). lia. }
  assert (volumes : sum f batches <= vol s L * Z.of_nat (length batches)).
  { rewrite <- sum_const. apply sum_le. intros r here. pose proof (batches_between r here).
    apply (v_mono s prompt). lia. }
  rewrite count_all in *. unfold slack. fold lane_lengths. nia.
Qed.

(* The other schedule is valid. *)
Lemma batches_cost_best : exists best, valid M 1 batches best /\
  2 * c * total_latency best <= k * k * pairs (smaller_volume value s) xs
    + k * Z.of_nat (length xs) * slack.
Proof.
  destruct batches_sane as [instance all]. pose proof batches_prompts as prompts.
  pose proof (all_sane _ _ _ instance) as each_sane.
  set (v := lanes s M batches 0 lane_lengths).
  assert (rooms : Forall (fun x => 1 <= x /\ 1 <= M - s - x) lane_lengths)
    by (eapply Forall_impl; [|exact lane_rooms]; cbn beta; tauto).
  assert (same : Permutation (map fst v) batches)
    by (unfold v; rewrite lanes_requests; exact order_of_batches).
  assert (capacity : 0 <= M) by exact (some_capacity _ _ _ instance).
  rewrite Forall_forall in each_sane, prompts.
  assert (vector : start_vector M 1 v).
  { constructor.
    - intros p here. apply each_sane. now apply (in_lanes s M prompt batches 0 lane_lengths).
    - intros p here. destruct (in_lanes s M prompt batches 0 lane_lengths p rooms here).
      rewrite (proj2 (prompts (fst p) ltac:(assumption))). assumption.
    - intros t. apply (lanes_fit s M prompt batches batches_prompts); assumption. }
  exists (as_runs v).
  destruct (as_runs_valid M 1 batches v instance vector same) as [V cost].
  split; [exact V|]. rewrite cost. unfold cost_of.
  rewrite (sum_ext _ (fun p => snd p + output_len (fst p))); [exact lanes_total|].
  intros p here. destruct (in_lanes s M prompt batches 0 lane_lengths p rooms here) as [there _].
  rewrite (proj2 (prompts _ there)). lia.
Qed.
End Limit.

(* The slack is positive. *)
Lemma slack_positive s low L u k : 1 <= s -> 1 <= low <= L /\ L <= u -> 1 <= k ->
  1 <= slack s low L u k.
Proof.
  intros prompt bounds one. unfold slack. set (c := _ - 2 * L).
  assert (0 <= c) by (unfold c; nia). pose proof (vol_twice s L).
  assert (0 <= sum (fun x => x) (numbers low (L - low + 1))); [|nia].
  apply sum_nonneg. intros x here. apply in_numbers in here. lia.
Qed.

(* Enough batches for eps. *)
Lemma enough_batches K b eps : 0 <= K -> (0 < eps)%Q -> K * Zpos (Qden eps) <= b ->
  (inject_Z K <= eps * inject_Z b)%Q.
Proof.
  intros some_K some large. destruct eps as [e d]. unfold Qlt, Qle in *. cbn in *.
  rewrite ?Pos2Z.inj_mul, ?Z.mul_1_r in *. nia.
Qed.

(* The numbers of the two costs: A for Amax, O for the other schedule, where b batches make the
   pairs P and S. *)
Lemma ratio_of_costs (A O P S k b c K m eps : Q) : (0 < m -> 0 < eps -> 1 <= k -> 1 <= c ->
  0 <= b -> 0 <= O -> k * P <= 2 * A -> 2 * c * O <= k * k * S + k * b * K -> b * b <= S ->
  m * S <= P -> K <= eps * b -> (1 - eps) * (c / k) * m * O <= A)%Q.
Proof.
  intros some_m some_eps one one_c some_b some_O amax best square attained large.
  assert (bb : (0 <= b * b)%Q) by (apply Qmult_le_0_compat; lra).
  assert (share : (b * K <= eps * S)%Q).
  { assert (0 <= b * (eps * b - K))%Q by (apply Qmult_le_0_compat; lra).
    assert (0 <= eps * (S - b * b))%Q by (apply Qmult_le_0_compat; lra). lra. }
  assert (some_eS : (0 <= eps * S)%Q) by (apply Qmult_le_0_compat; lra).
  assert (other : (2 * c * O <= k * (k * ((1 + eps) * S)))%Q).
  { assert (0 <= k * (eps * S - b * K))%Q by (apply Qmult_le_0_compat; lra).
    assert (0 <= k * ((k - 1) * (eps * S)))%Q
      by (repeat apply Qmult_le_0_compat; lra). lra. }
  assert (some_A : (k * (m * S) <= 2 * A)%Q).
  { assert (0 <= k * (P - m * S))%Q by (apply Qmult_le_0_compat; lra). lra. }
  assert (some_mS : (0 <= k * (m * S))%Q) by (repeat apply Qmult_le_0_compat; lra).
  assert (some_mO : (0 <= m * (c * O))%Q) by (repeat apply Qmult_le_0_compat; lra).
  assert (same : ((1 - eps) * (c / k) * m * O == (1 - eps) * (m * (c * O)) / k)%Q)
    by (field; lra).
  rewrite same. apply Qle_shift_div_r; [lra|].
  assert (some_Ak : (0 <= A * k)%Q) by (apply Qmult_le_0_compat; lra).
  destruct (Qlt_le_dec 1 eps) as [more|less].
  - assert (0 <= (eps - 1) * (m * (c * O)))%Q by (apply Qmult_le_0_compat; lra). lra.
  - assert (0 <= (1 - eps) * m * (k * (k * ((1 + eps) * S)) - 2 * c * O))%Q
      by (repeat apply Qmult_le_0_compat; lra).
    assert (0 <= eps * eps * (k * (k * (m * S))))%Q
      by (repeat apply Qmult_le_0_compat; lra).
    assert (0 <= k * (2 * A - k * (m * S)))%Q by (apply Qmult_le_0_compat; lra). lra.
Qed.

(* T13 (c): the ratio. *)
Theorem amax_limit s low L u k m eps : 1 <= s -> 1 <= low <= L /\ L <= u -> 1 <= k ->
  (0 < m)%Q -> (right_side s low m <= left_side s low L m)%Q -> (0 < eps)%Q ->
  let M := batch_cache s u L k in let c := (k + 1) * (s + u) - s - 2 * L in
  exists requests best, requests <> [] /\ sane_instance M 1 requests /\
    Forall (of_uniform s low u) requests /\ valid M 1 requests best /\
    forall fuel made, simulate (amax M 1) fuel requests = Some made ->
      ((1 - eps) * (inject_Z c / inject_Z k) * m * inject_Z (total_latency best)
        <= inject_Z (total_latency made))%Q.
Proof.
  intros prompt bounds one some root some_eps M c. set (K := slack s low L u k).
  assert (some_K : 1 <= K) by now apply slack_positive.
  destruct (exact_shares s low L m prompt (proj1 bounds) some (K * Zpos (Qden eps)) ltac:(nia))
    as (b & xs & large & size & sorted & all & shares).
  destruct (shares_attain s low L m prompt (proj1 bounds) some root b xs size all shares)
    as [square attained].
  destruct (batches_sane s low L u k prompt bounds one xs all) as [instance uniform].
  destruct (batches_cost_best s low L u k prompt bounds one xs all) as (best & V & cost).
  fold K c in cost. rewrite size in cost. exists (batches s low u k xs), best.
  split; [|repeat (split; [assumption|])].
  { intros none. apply (f_equal (map output_len)) in none. rewrite batches_outputs in none.
    apply (f_equal (@length Z)) in none.
    pose proof (sum_batches (fun _ => 1) k xs ltac:(lia)) as ones. rewrite !sum_const in ones.
    rewrite none, size in ones. change (Z.of_nat (length (map output_len []))) with 0 in ones.
    assert (1 <= b) by nia. nia. }
  intros fuel made run.
  pose proof (batches_cost_amax s low L u k prompt bounds one xs all sorted fuel made run) as amax.
  assert (large' : (inject_Z K <= eps * inject_Z b)%Q)
    by (apply enough_batches; [lia|assumption|exact large]).
  assert (some_O : 0 <= total_latency best).
  { pose proof (cost_of_outputs M 1 _ instance best (uniform_at_once s low u _ uniform) V).
    enough (0 <= sum output_len (batches s low u k xs)) by lia. apply sum_nonneg. intros r here.
    pose proof (batches_between s low L u k xs all r here). lia. }
  apply integers_le in amax, cost, square. rewrite ?inject_Z_plus, !inject_Z_mult in amax.
  rewrite inject_Z_plus, !inject_Z_mult in cost. rewrite inject_Z_mult in square.
  apply (ratio_of_costs (inject_Z (total_latency made)) (inject_Z (total_latency best))
    _ _ (inject_Z k) (inject_Z b) (inject_Z c) (inject_Z K) m eps some some_eps
    (positive_integer k one) (positive_integer c ltac:(unfold c; nia))
    (proj1 (integers_le 0 b) ltac:(nia)) (proj1 (integers_le 0 _) some_O) amax cost square
    attained large').
Qed.

(* T13 (c) with L = u and many requests at once: the ratio comes near to (s + u) * mu. *)
Theorem amax_limit_root s low u m eps : 1 <= s -> 1 <= low <= u ->
  (0 < m)%Q -> (right_side s low m <= left_side s low u m)%Q -> (0 < eps <= 1)%Q ->
  exists M requests best, s + u <= M /\ requests <> [] /\ sane_instance M 1 requests /\
    Forall (of_uniform s low u) requests /\ valid M 1 requests best /\
    forall fuel made, simulate (amax M 1) fuel requests = Some made ->
      ((1 - eps) * (inject_Z (s + u) * m) * inject_Z (total_latency best)
        <= inject_Z (total_latency made))%Q.
Proof.
  intros prompt bounds some root [some_eps less]. set (k := 2 * Zpos (Qden eps)).
  assert (one : 1 <= k) by (unfold k; lia).
  destruct (amax_limit s low u u k m (eps * (1 # 2)) prompt ltac:(lia) one some root ltac:(lra))
    as (requests & best & not_empty & instance & uniform & V & ratio).
  exists (batch_cache s u u k), requests, best.
  split; [unfold batch_cache; nia|]. repeat (split; [assumption|]). intros fuel made run.
  specialize (ratio fuel made run). eapply Qle_trans; [|exact ratio].
  pose proof (enough_batches 2 k eps ltac:(lia) some_eps ltac:(unfold k; lia)) as many_k.
  pose proof (positive_integer k one) as some_k.
  pose proof (positive_integer (s + u) ltac:(lia)) as some_both.
  assert (in_Z : (k - 1) * (s + u) <= (k + 1) * (s + u) - s - 2 * u) by lia.
  apply integers_le in in_Z. rewrite inject_Z_mult, inject_Z_minus in in_Z.
  set (c := inject_Z ((k + 1) * (s + u) - s - 2 * u)) in *. set (K := inject_Z k) in *.
  set (both := inject_Z (s + u)) in *. change (inject_Z 1) with 1%Q in in_Z.
  change (inject_Z 2) with 2%Q in many_k.
  apply Qmult_le_compat_r.
  - assert (share : ((1 - eps * (1 # 2)) * both <= c / K)%Q).
    { apply Qle_shift_div_l; [lra|].
      assert (0 <= both * (eps * K - 2))%Q by (apply Qmult_le_0_compat; lra). lra. }
    assert (0 <= (1 - eps * (1 # 2)) * m * (c / K - (1 - eps * (1 # 2)) * both))%Q
      by (repeat apply Qmult_le_0_compat; lra).
    assert (0 <= eps * eps * (both * m))%Q by (repeat apply Qmult_le_0_compat; lra). lra.
  - apply (proj1 (integers_le 0 _)).
    pose proof (cost_of_outputs _ 1 _ instance best (uniform_at_once s low u _ uniform) V).
    enough (0 <= sum output_len requests) by lia. apply sum_nonneg. intros r here.
    pose proof (some_output _ _ _ (sane_of _ 1 _ instance r here)). lia.
Qed.

(* T13 (d), attained: for short prompts the ratio comes near to the root of half the harmonic sum,
   over alpha. *)
Theorem growth_attained s low u z eps : 1 <= s <= low -> low <= u ->
  (0 < z)%Q -> (2 * (z * z) <= harmonic (6 * low) (u + 5 * low))%Q -> (0 < eps <= 1)%Q ->
  exists M requests best, s + u <= M /\ requests <> [] /\ sane_instance M 1 requests /\
    Forall (of_uniform s low u) requests /\ valid M 1 requests best /\
    forall fuel made, simulate (amax M 1) fuel requests = Some made ->
      ((1 - eps) * (z * (inject_Z u / inject_Z low)) * inject_Z (total_latency best)
        <= inject_Z (total_latency made))%Q.
Proof.
  intros short bounds some less small.
  pose proof (positive_integer (s + u) ltac:(lia)) as some_both.
  pose proof (positive_integer low ltac:(lia)) as some_low.
  pose proof (positive_integer u ltac:(lia)) as some_u.
  set (m := (z * inject_Z u / (inject_Z (s + u) * inject_Z low))%Q).
  assert (is_z : (scaled s low u m == z)%Q) by (unfold scaled, m; field; lra).
  assert (some_m : (0 < m)%Q).
  { unfold m. apply Qlt_shift_div_l; [apply Qmult_lt_0_compat; lra|].
    rewrite Qmult_0_l. apply Qmult_lt_0_compat; lra. }
  assert (root : (right_side s low m <= left_side s low u m)%Q).
  { apply (root_at_least s low u ltac:(lia) ltac:(lia) m ltac:(lia) some_m). now rewrite is_z. }
  destruct (amax_limit_root s low u m eps ltac:(lia) ltac:(lia) some_m root small)
    as (M & requests & best & room & not_empty & instance & uniform & V & ratio).
  exists M, requests, best. repeat (split; [assumption|]). intros fuel made run.
  specialize (ratio fuel made run).
  assert (same : (z * (inject_Z u / inject_Z low) == inject_Z (s + u) * m)%Q)
    by (unfold m; field; lra).
  now rewrite same.
Qed.

(* T13 (d), what follows for Amax. *)
Theorem growth s l u z : 1 <= s -> 1 <= l <= u ->
  ((2 < z)%Q -> (2 * harmonic (l + 1) (u + 1) < (z - 2) * (z - 2))%Q ->
    forall M requests fuel made best, s + u <= M -> sane_instance M 1 requests ->
    Forall (of_uniform s l u) requests ->
    simulate (amax M 1) fuel requests = Some made -> valid M 1 requests best ->
    (inject_Z (total_latency made) <=
      (1 + 2 * z * (inject_Z u / inject_Z l)) * inject_Z (total_latency best))%Q) /\
  (s <= l -> (0 < z)%Q -> (2 * (z * z) <= harmonic (6 * l) (u + 5 * l))%Q ->
    forall eps, (0 < eps <= 1)%Q ->
    exists M requests best, s + u <= M /\ requests <> [] /\ sane_instance M 1 requests /\
      Forall (of_uniform s l u) requests /\ valid M 1 requests best /\
      forall fuel made, simulate (amax M 1) fuel requests = Some made ->
        ((1 - eps) * (z * (inject_Z u / inject_Z l)) * inject_Z (total_latency best)
          <= inject_Z (total_latency made))%Q).
Proof.
  intros prompt bounds. split.
  - intros more large M requests fuel made best room instance uniform run V.
    now apply (amax_growth s l u prompt bounds M requests z fuel made best).
  - intros short some less eps small. apply growth_attained; auto; lia.
Qed.
