(* What Amin costs at least on the family: the long requests start as placed or later, and the last
   requests, of length 1, share the rounds after the horizon. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Refine Certificate Ratio FamilyStarts.
From AminRef.facts Require Import Sums Lists Blocks.
From AminRef Require Import Family FamilyFits.
Import ListNotations.
Open Scope Z_scope.

(* All pairs, each counted once. *)
Lemma pairs_of_ones {A} (l : list A) :
  pairs (fun _ _ => 1) l = Z.of_nat (length l) * Z.of_nat (length l).
Proof.
  unfold pairs. rewrite (sum_ext _ (fun _ => Z.of_nat (length l))); [apply sum_const|].
  intros a _. rewrite sum_const. lia.
Qed.

(* A number in a range is one of the numbers. *)
Lemma numbers_in from n a : from <= a < from + n -> In a (numbers from n).
Proof.
  intros range. unfold numbers. apply in_map_iff. exists (Z.to_nat (a - from)). split; [lia|].
  apply in_seq. lia.
Qed.

Section Costs.
Variables M T room prompt_all : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis zero : at_once requests.

Section Short.
Variable l : list run.
Variables part others : list run.
Hypothesis is_valid : valid M 1 requests l.
Hypothesis cut : Permutation (filter completed l) (part ++ others).
Hypothesis short : forall y, In y part ->
  prompt_len (of y) = prompt_all /\ output_len (of y) = 1 /\ T <= start y.
Hypothesis tight : M < (prompt_all + 1) * (room + 1).
Hypothesis some_prompt : 0 <= prompt_all.

(* A run of either part is a completed run of the schedule. *)
Lemma from_schedule y : In y (part ++ others) -> In y l /\ completed y = true.
Proof.
  intros here. apply filter_In. eapply Permutation_in; [symmetry; exact cut|]. exact here.
Qed.

(* A short run lasts one round. *)
Lemma short_stops y : In y part -> stop y = start y + 1.
Proof.
  intros here. destruct (short y here) as (_ & one & _).
  destruct (from_schedule y) as [there done]; [apply in_app_iff; auto|].
  pose proof (completed_length _ _ _ _ is_valid y there done). lia.
Qed.

(* At most `room` short runs are in one round, since each occupies its prompt and one token. *)
Lemma short_in_round t : sum (fun y => if start y =? t then 1 else 0) part <= room.
Proof.
  destruct (without_evictions M 1 (Z.le_refl 1) requests instance l is_valid) as [alone _].
  enough ((prompt_all + 1) * sum (fun y => if start y =? t then 1 else 0) part <= M) by nia.
  rewrite <- sum_scale. etransitivity; [|exact (within_capacity _ _ _ _ alone t)].
  unfold occupancy. rewrite (sum_perm _ _ _ cut), sum_app.
  assert (0 <= sum (holds_in 1 t) others).
  { apply sum_nonneg. intros y there. apply (holds_in_nonneg M 1 (Z.le_refl 1)).
    apply (valid_sane M 1 requests instance l y is_valid).
    apply from_schedule, in_app_iff. auto. }
  enough (sum (fun y => (prompt_all + 1) * (if start y =? t then 1 else 0)) part
    <= sum (holds_in 1 t) part) by lia.
  apply sum_le. intros y there. destruct (short y there) as (prompt_1 & _).
  unfold holds_in. rewrite (short_stops y there), prompt_1.
  destruct (Z.eqb_spec (start y) t), (Z.leb_spec (start y) t), (Z.ltb_spec t (start y + 1));
    cbn [andb]; try lia. unfold occ. rewrite Z.div_1_r. lia.
Qed.

(* A run that starts in one of the numbered rounds is counted in one of them. *)
Lemma counted_in_a_round a from n : from <= a < from + n ->
  1 <= sum (fun t => if a =? t then 1 else 0) (numbers from n).
Proof.
  intros range. etransitivity; [|apply (sum_one (fun t => if a =? t then 1 else 0) _ a)].
  - rewrite Z.eqb_refl. lia.
  - intros t _. destruct (_ =? _); lia.
  - now apply numbers_in.
Qed.

(* So by the time at which a short run stops, at most `room` times the rounds since T have. *)
Lemma short_by_time x : In x part ->
  sum (fun y => if stop y <=? stop x then 1 else 0) part <= room * (stop x - T).
Proof.
  intros here. destruct (short x here) as (_ & _ & late).
  rewrite (short_stops x here). set (n := start x + 1 - T).
  transitivity (sum (fun t => sum (fun y => if start y =? t then 1 else 0) part) (numbers T n)).
  - rewrite sum_exchange. apply sum_le. intros y there.
    destruct (short y there) as (_ & _ & late').
    rewrite (short_stops y there). destruct (Z.leb_spec (start y + 1) (start x + 1)).
    + apply counted_in_a_round. unfold n. lia.
    + apply sum_nonneg. intros t _. destruct (_ =? _); lia.
  - transitivity (sum (fun _ : Z => room) (numbers T n)).
    + apply sum_le. intros t _. apply short_in_round.
    + rewrite sum_const. unfold numbers. rewrite map_length, seq_length. unfold n. lia.
Qed.

(* At most `room` short runs are in a round, and none starts before T; so their completions
   spread. *)
Lemma short_runs_spread : 0 <= room ->
  Z.of_nat (length part) * Z.of_nat (length part) <= 2 * room * sum (fun y => stop y - T) part.
Proof.
  intros some. rewrite <- pairs_of_ones.
  transitivity (2 * pairs (fun x y => if stop y <=? stop x then 1 else 0) part).
  - rewrite <- pairs_both. apply sum_le. intros x _. apply sum_le. intros y _.
    destruct (Z.leb_spec (stop y) (stop x)), (Z.leb_spec (stop x) (stop y)); lia.
  - rewrite <- Z.mul_assoc, <- sum_scale. apply Z.mul_le_mono_nonneg_l; [lia|]. unfold pairs.
    apply sum_le. exact short_by_time.
Qed.
End Short.

Section Placed.
Variable placed_requests : list placed.
Hypothesis fit : first_fit M requests placed_requests T.
Variable l : list run.
Hypothesis is_amin : amin_schedule M 1 requests l.

(* No run of Amin starts before the round in which its request is placed. *)
Lemma no_earlier p y : In p placed_requests -> In y l -> of y = snd p -> fst p <= start y.
Proof.
  intros there here of_y. destruct is_amin as (s & reached & _ & same).
  destruct (starts_not_before M requests _ T instance fit s p reached there) as [_ past].
  apply past; [|exact of_y]. exact (Permutation_in _ same here).
Qed.

(* So completions are no earlier than as placed. *)
Lemma stops_as_placed ps rs : map of rs = map snd ps -> incl ps placed_requests ->
  incl rs (filter completed l) ->
  sum (fun p => fst p + output_len (snd p)) ps <= sum stop rs.
Proof.
  pose proof (amin_schedule_valid M 1 requests instance l is_amin) as V.
  revert rs. induction ps as [|p ps IH]; intros [|x rs] both in_ps in_rs; try discriminate.
  injection both as of_x both. cbn [sum].
  specialize (IH rs both (fun q here => in_ps q (or_intror here))
    (fun y here => in_rs y (or_intror here))).
  destruct (proj1 (filter_In _ _ _) (in_rs x (or_introl eq_refl))) as [here done].
  pose proof (completed_length _ _ _ _ V x here done) as len. rewrite of_x in len.
  pose proof (no_earlier p x (in_ps p (or_introl eq_refl)) here of_x). lia.
Qed.
End Placed.

(* The completed runs of a schedule, cut where the placed requests are cut. *)
Lemma cut_as_placed first others l : first_fit M requests (first ++ others) T ->
  valid M 1 requests l -> exists early late,
    Permutation (filter completed l) (early ++ late) /\
    map of early = map snd first /\ map of late = map snd others.
Proof.
  intros fit V.
  assert (order : Permutation (map snd (first ++ others)) (map of (filter completed l))).
  { rewrite (all_placed _ _ _ _ fit). symmetry. exact (completes_once _ _ _ _ V). }
  apply Permutation_map_inv in order as (runs & of_them & perm).
  rewrite map_app in of_them. symmetry in of_them.
  apply map_eq_app in of_them as (early & late & -> & of_early & of_late).
  exists early, late. auto.
Qed.

(* Amin's cost: placed requests start as placed or later, and the short ones after T spread. *)
Theorem amin_costs_at_least first short l :
  first_fit M requests (first ++ short) T -> amin_schedule M 1 requests l ->
  (forall p, In p short -> fst p = T /\ prompt_len (snd p) = prompt_all /\ output_len (snd p) = 1)
    ->
  M < (prompt_all + 1) * (room + 1) -> 0 <= prompt_all -> 0 <= room ->
  exists rest, Z.of_nat (length short) * Z.of_nat (length short) <= 2 * room * rest /\
    sum (fun p => fst p + output_len (snd p)) first + T * Z.of_nat (length short) + rest
    <= total_latency l.
Proof.
  intros fit is shape tight some_prompt some. pose proof (amin_schedule_valid M 1 requests
    instance l is) as V.
  rewrite (cost_at_once M 1 requests l zero V).
  destruct (cut_as_placed first short l fit V) as (early & late & perm & of_early & of_late).
  assert (among : incl (early ++ late) (filter completed l))
    by (intros y here; eapply Permutation_in; [symmetry; exact perm|exact here]).
  exists (sum (fun y => stop y - T) late).
  rewrite <- (map_length snd short), <- of_late, map_length. split.
  - apply (short_runs_spread l late early V);
      [rewrite perm; apply Permutation_app_comm| |exact tight|exact some_prompt|exact some].
    intros y here. assert (there : In (of y) (map snd short))
      by (rewrite <- of_late; now apply in_map).
    apply in_map_iff in there as (p & of_y & there).
    destruct (shape p there) as (at_T & one & one'). rewrite <- of_y. repeat split; auto.
    rewrite <- at_T. apply (no_earlier _ fit l is p y); [apply in_app_iff; auto| |auto].
    eapply proj1, filter_In, among, in_app_iff. auto.
  - rewrite (sum_perm _ _ _ perm), sum_app.
    pose proof (stops_as_placed _ fit l is first early of_early (incl_appl _ (incl_refl _))
      (fun y here => among y (in_or_app _ _ _ (or_introl here)))) as early_ones.
    assert (shift : sum (fun y => stop y - T) late = sum stop late - T * Z.of_nat (length late)).
    { rewrite <- (sum_const T), (sum_ext stop (fun y => (stop y - T) + T)) by (intros y _; lia).
      rewrite sum_plus. lia. }
    lia.
Qed.
End Costs.
