(* T13 (c), the other schedule: the shortest first, those of one length at a constant rate at which
   they fill the cache. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Certificate Starts Ratio Family FamilyFits FamilyPlaced Layers.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* Totals of two lists in a row. *)
Lemma totals_app {A} (f : A -> Z) before l m : sum_of_totals f before (l ++ m) =
  sum_of_totals f before l + sum_of_totals f (before + sum f l) m.
Proof.
  revert before. induction l as [|x l IH]; intros before; cbn [app sum_of_totals sum].
  - now rewrite Z.add_0_r.
  - rewrite IH, (Z.add_assoc before). lia.
Qed.

Section Lane.
Variables s M : Z.
Hypothesis prompt : 1 <= s.

(* Requests of length x, from number i on: number j starts in round T + floor (j * v / c), where
   v = v(x) and c = M - s - x. *)
Fixpoint lane (T x i : Z) (rs : list request) : list placed :=
  match rs with
  | [] => []
  | r :: later => (r, T + i * vol s x / (M - s - x)) :: lane T x (i + 1) later
  end.

(* The requests are those of the list. *)
Lemma lane_requests T x i rs : map fst (lane T x i rs) = rs.
Proof. revert i. induction rs as [|r rs IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

Section OneLength.
Variables T x : Z.
Hypothesis some : 1 <= x.
Hypothesis room : 1 <= M - s - x.
Notation v := (vol s x).
Notation c := (M - s - x).

(* A volume is at least 1. *)
Lemma some_volume : 1 <= v.
Proof. pose proof (vol_twice s x). nia. Qed.

(* When the requests of a lane start. *)
Lemma in_lane i rs p : 0 <= i -> In p (lane T x i rs) ->
  In (fst p) rs /\ T <= snd p <= T + (i + Z.of_nat (length rs)) * v / c.
Proof.
  pose proof some_volume. revert i. induction rs as [|r rs IH]; intros i first;
    cbn [lane In length]; [easy|]. intros [<-|here]; cbn [fst snd].
  - pose proof (Z.div_pos (i * v) c ltac:(nia) ltac:(lia)).
    pose proof (Z.div_le_mono (i * v) ((i + Z.of_nat (S (length rs))) * v) c ltac:(lia) ltac:(nia)).
    split; [now left|lia].
  - destruct (IH (i + 1) ltac:(lia) here) as (there & low & high). split; [now right|].
    replace (i + Z.of_nat (S (length rs))) with (i + 1 + Z.of_nat (length rs)) by lia. lia.
Qed.

(* How many start in the rounds from T + a up to, but not including, T + b. *)
Definition starts_within (a b : Z) (p : placed) : Z :=
  if (T + a <=? snd p) && (snd p <? T + b) then 1 else 0.

(* At most (b - a) * c / v + 1 do. *)
Lemma few_starts a b i rs :
  v * sum (starts_within a b) (lane T x i rs)
  <= Z.max 0 (b * c - Z.max (i * v) (a * c) + v - 1).
Proof.
  pose proof some_volume. revert i. induction rs as [|r rs IH]; intros i; cbn [lane sum]; [lia|].
  specialize (IH (i + 1)). unfold starts_within at 1. cbn [snd].
  pose proof (Z.div_mod (i * v) c ltac:(lia)) as parts.
  pose proof (Z.mod_pos_bound (i * v) c ltac:(lia)) as rest.
  set (q := i * v / c) in *. set (n := sum _ _) in *.
  destruct (Z.leb_spec (T + a) (T + q)), (Z.ltb_spec (T + q) (T + b)); cbn [andb].
  - assert (a * c <= i * v) by nia. assert (i * v < b * c) by nia. lia.
  - assert (b * c <= i * v) by nia. lia.
  - assert (i * v < a * c) by nia. lia.
  - assert (i * v < a * c) by nia. lia.
Qed.

(* What a request of length x occupies, token by token: s + 1 for the first, and 1 for each other.
   *)
Lemma occ_by_tokens r t : prompt_len r = s -> output_len r = x ->
  occ_of 1 r t = s * (if (0 <=? t) && (t <? x) then 1 else 0) +
    sum (fun b => if (b <=? t) && (t <? x) then 1 else 0) (numbers 0 x).
Proof.
  intros same length. unfold occ_of. rewrite same, length.
  rewrite (sum_ext _ (fun b => if b <? (if t <? x then t + 1 else 0) then 1 else 0)).
  - destruct (Z.leb_spec 0 t), (Z.ltb_spec t x); cbn [andb].
    + rewrite (layers (fun b => b) (fun _ => 1)) by lia. unfold occ. rewrite Z.div_1_r. lia.
    + rewrite (layers (fun b => b) (fun _ => 1)) by lia. lia.
    + rewrite sum_zero; [lia|]. intros b here. apply in_numbers in here.
      destruct (Z.ltb_spec b (t + 1)); lia.
    + rewrite sum_zero; [lia|]. intros b here. apply in_numbers in here.
      destruct (Z.ltb_spec b 0); lia.
  - intros b here. apply in_numbers in here.
    destruct (Z.ltb_spec t x); [|rewrite andb_false_r; destruct (Z.ltb_spec b 0); lia].
    destruct (Z.leb_spec b t), (Z.ltb_spec b (t + 1)); cbn [andb]; lia.
Qed.

(* The same for a lane: how many have generated b tokens or more before round t. *)
Lemma load_by_tokens i rs t : Forall (fun r => prompt_len r = s /\ output_len r = x) rs ->
  load 1 (lane T x i rs) t =
  s * sum (starts_within (t - T - x + 1) (t - T + 1)) (lane T x i rs) +
  sum (fun b => sum (starts_within (t - T - x + 1) (t - T - b + 1)) (lane T x i rs)) (numbers 0 x).
Proof.
  intros all. unfold load.
  rewrite <- sum_scale,
    <- (sum_exchange (fun p b => starts_within (t - T - x + 1) (t - T - b + 1) p)).
  rewrite <- sum_plus. apply sum_ext. intros p here.
  assert (like : prompt_len (fst p) = s /\ output_len (fst p) = x).
  { rewrite Forall_forall in all. apply all. rewrite <- (lane_requests T x i rs).
    now apply in_map. }
  rewrite (occ_by_tokens _ _ (proj1 like) (proj2 like)). unfold starts_within. f_equal; [f_equal|].
  - destruct (Z.leb_spec 0 (t - snd p)), (Z.ltb_spec (t - snd p) x),
      (Z.leb_spec (T + (t - T - x + 1)) (snd p)), (Z.ltb_spec (snd p) (T + (t - T + 1)));
      cbn [andb]; lia.
  - apply sum_ext. intros b _.
    destruct (Z.leb_spec b (t - snd p)), (Z.ltb_spec (t - snd p) x),
      (Z.leb_spec (T + (t - T - x + 1)) (snd p)), (Z.ltb_spec (snd p) (T + (t - T - b + 1)));
      cbn [andb]; lia.
Qed.

(* A lane never exceeds M. *)
Lemma lane_fits rs t : Forall (fun r => prompt_len r = s /\ output_len r = x) rs ->
  load 1 (lane T x 0 rs) t <= M.
Proof.
  intros all. pose proof some_volume. rewrite (load_by_tokens 0 rs t all).
  assert (each : forall b, 0 <= b < x ->
    v * sum (starts_within (t - T - x + 1) (t - T - b + 1)) (lane T x 0 rs) <= (x - b) * c + v).
  { intros b range. pose proof (few_starts (t - T - x + 1) (t - T - b + 1) 0 rs). nia. }
  pose proof (each 0 ltac:(lia)) as first. rewrite !Z.sub_0_r in first.
  assert (tokens : v * sum (fun b => sum (starts_within (t - T - x + 1) (t - T - b + 1))
    (lane T x 0 rs)) (numbers 0 x) <= sum (fun b => (x - b) * c + v) (numbers 0 x)).
  { rewrite <- sum_scale. apply sum_le. intros b here. apply in_numbers in here. apply each. lia. }
  assert (total : 2 * sum (fun b => (x - b) * c + v) (numbers 0 x) = x * (x + 1) * c + 2 * x * v).
  { clear - some. pose proof (layers (fun a => 2 * (x * a * c + a * v) - a * (a - 1) * c)
      (fun b => 2 * ((x - b) * c + v)) x x ltac:(intros; ring) ltac:(lia) ltac:(lia)) as closed.
    rewrite (sum_ext _ (fun b => 2 * ((x - b) * c + v))) in closed.
    - rewrite sum_scale in closed. lia.
    - intros b here. apply in_numbers in here. destruct (Z.ltb_spec b x); lia. }
  pose proof (vol_twice s x) as twice.
  set (W := sum _ (lane T x 0 rs)) in *. set (tok := sum _ (numbers 0 x)) in *.
  assert (2 * (v * (s * W + tok)) <= 2 * (v * M)); [|nia].
  assert (s * (v * W) <= s * (x * c + v)) by nia.
  assert (2 * (v * c) = x * (2 * s + x + 1) * c) by (rewrite Z.mul_assoc, twice; ring). lia.
Qed.

(* When all have completed, a lane is empty. *)
Lemma lane_ends rs t : Forall (fun r => output_len r = x) rs ->
  T + Z.of_nat (length rs) * v / c + x <= t -> load 1 (lane T x 0 rs) t = 0.
Proof.
  intros all late. apply sum_zero. intros p here.
  destruct (in_lane 0 rs p ltac:(lia) here) as (there & when). rewrite Z.add_0_l in when.
  rewrite Forall_forall in all. unfold occ_of. rewrite (all _ there).
  destruct (Z.leb_spec 0 (t - snd p)), (Z.ltb_spec (t - snd p) x); cbn [andb]; lia.
Qed.

(* What a lane costs, if it starts late enough for the volumes before it, and c0 <= c. *)
Lemma lane_costs c0 before slack i rs : 0 <= c0 <= c -> 0 <= i ->
  Forall (fun r => output_len r = x) rs ->
  c0 * T <= before + slack ->
  c0 * sum (fun p => snd p + output_len (fst p)) (lane T x i rs)
  <= sum_of_totals (fun r => vol s (output_len r)) (before + i * v) rs
    + (slack + c0 * x) * Z.of_nat (length rs).
Proof.
  intros range first all begun. pose proof some_volume. revert i first.
  induction all as [|r rs same _ IH]; intros i first; cbn [lane sum sum_of_totals length fst snd];
    [lia|]. specialize (IH (i + 1) ltac:(lia)). rewrite same in *.
  replace (before + (i + 1) * v) with (before + i * v + v) in IH by lia.
  pose proof (Z.div_mod (i * v) c ltac:(lia)). pose proof (Z.mod_pos_bound (i * v) c ltac:(lia)).
  set (q := i * v / c) in *. assert (0 <= q) by nia. assert (c0 * q <= i * v) by nia. lia.
Qed.
End OneLength.

(* The requests of length x. *)
Definition of_length (rs : list request) (x : Z) : list request :=
  filter (fun r => output_len r =? x) rs.

(* One lane after the other, from round T on. *)
Fixpoint lanes (rs : list request) (T : Z) (xs : list Z) : list placed :=
  match xs with
  | [] => []
  | x :: later => lane T x 0 (of_length rs x) ++
      lanes rs (T + Z.of_nat (length (of_length rs x)) * vol s x / (M - s - x) + x) later
  end.

Section Lanes.
Variable rs : list request.
Hypothesis prompts : Forall (fun r => prompt_len r = s /\ arrival r = 0) rs.

(* The requests of length x are of length x. *)
Lemma all_of_length x :
  Forall (fun r => prompt_len r = s /\ output_len r = x) (of_length rs x) /\
  Forall (fun r => output_len r = x) (of_length rs x).
Proof.
  split; apply Forall_forall; intros r here; apply filter_In in here as [here same];
    apply Z.eqb_eq in same; [|exact same]. rewrite Forall_forall in prompts.
  split; [now apply prompts|exact same].
Qed.

(* The next lane starts no earlier. *)
Lemma next_lane T x : 1 <= x -> 1 <= M - s - x ->
  T <= T + Z.of_nat (length (of_length rs x)) * vol s x / (M - s - x) + x.
Proof.
  intros some room. pose proof (some_volume x some).
  pose proof (Z.div_pos (Z.of_nat (length (of_length rs x)) * vol s x) (M - s - x)
    ltac:(nia) ltac:(lia)). lia.
Qed.

(* The placed requests, and when they start. *)
Lemma in_lanes T xs p : Forall (fun x => 1 <= x /\ 1 <= M - s - x) xs -> In p (lanes rs T xs) ->
  In (fst p) rs /\ T <= snd p.
Proof.
  intros all. revert T.
  induction all as [|x xs [some room] _ IH]; intros T; cbn [lanes In]; [easy|].
  intros here. apply in_app_iff in here as [here|here].
  - destruct (in_lane T x some room 0 _ p ltac:(lia) here) as (there & when).
    apply filter_In in there as [there _]. split; [exact there|lia].
  - destruct (IH _ here) as [there when]. pose proof (next_lane T x some room).
    split; [exact there|lia].
Qed.

(* The cache is never exceeded. *)
Lemma lanes_fit T xs t : 0 <= M -> Forall (fun x => 1 <= x /\ 1 <= M - s - x) xs ->
  load 1 (lanes rs T xs) t <= M.
Proof.
  intros capacity all. revert T. induction all as [|x xs [some room] rest IH]; intros T;
    cbn [lanes]; [exact capacity|].
  destruct (all_of_length x) as [alike lengths]. set (n := Z.of_nat _).
  set (later := T + n * vol s x / (M - s - x) + x). unfold load. rewrite sum_app.
  change (load 1 (lane T x 0 (of_length rs x)) t + load 1 (lanes rs later xs) t <= M).
  destruct (Z.lt_ge_cases t later) as [early|late].
  - assert (none : load 1 (lanes rs later xs) t = 0).
    { apply sum_zero. intros p here. destruct (in_lanes later xs p rest here) as [_ when].
      unfold occ_of. now destruct (Z.leb_spec 0 (t - snd p)); [lia|]. }
    rewrite none. pose proof (lane_fits T x some room _ t alike). lia.
  - rewrite (lane_ends T x some room _ t lengths late). now rewrite Z.add_0_l.
Qed.

(* The requests in the order in which they start. *)
Lemma lanes_requests T xs : map fst (lanes rs T xs) = flat_map (of_length rs) xs.
Proof.
  revert T. induction xs as [|x xs IH]; intros T; cbn [lanes flat_map]; [reflexivity|].
  now rewrite map_app, lane_requests, IH.
Qed.

(* Each request is there once, if each length is. *)
Lemma lengths_cover xs : NoDup xs -> (forall r, In r rs -> In (output_len r) xs) ->
  Permutation (flat_map (of_length rs) xs) rs.
Proof.
  clear prompts. intros distinct cover. induction rs as [|r l IH].
  - clear. induction xs as [|x xs IH]; [constructor|exact IH].
  - specialize (IH (fun q here => cover q (or_intror here))). rewrite <- IH at 2.
    pose proof (cover r (or_introl eq_refl)) as here. clear - distinct here.
    apply in_split in here as (a & b & ->). rewrite !flat_map_app. cbn [flat_map].
    assert (others : forall xs, ~ In (output_len r) xs ->
      flat_map (of_length (r :: l)) xs = flat_map (of_length l) xs).
    { induction xs as [|x xs IH]; intros not_in; [reflexivity|]. cbn [flat_map].
      rewrite IH by (intros here; apply not_in; now right). f_equal. unfold of_length.
      cbn [filter]. destruct (Z.eqb_spec (output_len r) x) as [same|_]; [|reflexivity].
      exfalso. apply not_in. now left. }
    apply NoDup_remove_2 in distinct. rewrite in_app_iff in distinct.
    rewrite (others a), (others b) by tauto. unfold of_length at 2. cbn [filter].
    rewrite Z.eqb_refl. cbn [app]. symmetry. apply Permutation_middle.
Qed.

(* The order is that of the lengths. *)
Lemma lengths_sorted xs : StronglySorted Z.lt xs ->
  StronglySorted (fun a b => output_len a <= output_len b) (flat_map (of_length rs) xs).
Proof.
  intros sorted. assert (from : forall r xs, In r (flat_map (of_length rs) xs) ->
    In (output_len r) xs).
  { intros r ys here. apply in_flat_map in here as (y & there & here).
    apply filter_In in here as [_ same]. apply Z.eqb_eq in same. now rewrite same. }
  induction sorted as [|x xs _ IH first]; cbn [flat_map]; [constructor|].
  apply sorted_both; [|exact IH|].
  - destruct (all_of_length x) as [_ same]. induction same as [|r l is rest IH']; constructor.
    + exact IH'.
    + eapply Forall_impl; [|exact rest]. intros q is'. cbn beta in *. lia.
  - intros y z here there. apply from in there. rewrite Forall_forall in first.
    specialize (first _ there). destruct (all_of_length x) as [_ same].
    rewrite Forall_forall in same. rewrite (same y here). lia.
Qed.

(* What all lanes cost. *)
Lemma lanes_cost c0 before slack T xs : 0 <= c0 -> 0 <= slack ->
  Forall (fun x => 1 <= x /\ 1 <= M - s - x /\ c0 <= M - s - x) xs -> c0 * T <= before + slack ->
  c0 * sum (fun p => snd p + output_len (fst p)) (lanes rs T xs)
  <= sum_of_totals (fun r => vol s (output_len r)) before (flat_map (of_length rs) xs)
    + (slack + c0 * sum (fun x => x) xs) * Z.of_nat (length (flat_map (of_length rs) xs)).
Proof.
  intros some_c some_slack all. revert before slack some_slack T.
  induction all as [|x xs (some & room & less) rest IH]; intros before slack some_slack T begun;
    cbn [lanes flat_map sum]; [cbn; lia|].
  destruct (all_of_length x) as [_ lengths]. set (f := fun r => vol s (output_len r)) in *.
  rewrite sum_app, totals_app, app_length, Nat2Z.inj_add.
  pose proof (lane_costs T x some room c0 before slack 0 _ ltac:(lia) ltac:(lia) lengths begun)
    as here. rewrite Z.mul_0_l, Z.add_0_r in here. fold f in here.
  set (n := Z.of_nat (length (of_length rs x))) in *.
  assert (volumes : sum f (of_length rs x) = n * vol s x).
  { rewrite (sum_ext _ (fun _ => vol s x)), sum_const; [unfold n; lia|].
    intros r there. rewrite Forall_forall in lengths. unfold f. now rewrite lengths. }
  pose proof (some_volume x some). set (c := M - s - x) in *.
  pose proof (Z.div_mod (n * vol s x) c ltac:(lia)).
  pose proof (Z.mod_pos_bound (n * vol s x) c ltac:(lia)).
  assert (0 <= n) by (unfold n; lia). set (q := n * vol s x / c) in *. assert (0 <= q) by nia.
  specialize (IH (before + sum f (of_length rs x)) (slack + c0 * x) ltac:(nia) (T + q + x)
    ltac:(rewrite volumes; nia)).
  assert (0 <= sum (fun x => x) xs).
  { apply sum_nonneg. intros y there. rewrite Forall_forall in rest.
    specialize (rest y there). lia. }
  assert (0 <= c0 * sum (fun x => x) xs * n) by nia. lia.
Qed.
End Lanes.
End Lane.
