(* T18 with an integer constant: for equal prompts at once, H-SF costs at most 11 times what any
   valid
   schedule costs. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Certificate Ratio.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order AtOnce.
Import ListNotations.
Open Scope Z_scope.

(* What a token of r is worth in the proof: M of it pay for one round. *)
Definition worth (r : request) : Z := 2 * (prompt_len r + 2 * output_len r).

(* What the tokens generated so far are worth. *)
Definition spent (s : state) : Z := sum (fun x => worth (of x) * output_len (of x)) (log s)
  + sum (fun j => worth (tag j) * generated j) (running s).

(* r comes before q in H-SF's order, as a program. *)
Definition is_shorter (r q : request) : bool := (output_len r <? output_len q) ||
  ((output_len r =? output_len q) && (rank_of r <? rank_of q)).

(* The two wordings agree. *)
Lemma is_shorter_spec r q : is_shorter r q = true <-> shorter r q.
Proof.
  unfold is_shorter, shorter. now rewrite orb_true_iff, andb_true_iff, !Z.ltb_lt, Z.eqb_eq.
Qed.

(* M times the bound on the start of r. *)
Definition start_bound (M : Z) (requests : list request) (r : request) : Z :=
  sum (fun i => if is_shorter i r then worth i * output_len i else 0) requests
  + 2 * M * output_len r.

(* What holds at the start of each round while h is the first that waits. The outputs from p up to,
   but not including, 2 * p are h's class. In b rounds so far a request of a smaller class ran. *)
Definition paid (M : Z) (s : state) (h : job request) : Prop := exists p b,
  1 <= p /\ p <= output_len (tag h) < 2 * p /\ 0 <= b <= 2 * p /\
  M * now s <= spent s + M * b /\
  forall j, In j (running s) -> output_len (tag j) < p ->
    b + (output_len (tag j) - generated j) <= 2 * p.

Section Hindsight.
Variables M prompt : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis zero : at_once requests.
Hypothesis equal : Forall (fun r => prompt_len r = prompt) requests.

(* What the instance says of one request. *)
Lemma request_facts r : In r requests ->
  prompt_len r = prompt /\ 1 <= prompt /\ 1 <= output_len r /\ prompt + output_len r <= M.
Proof.
  intros here. destruct (sane_of M 1 requests instance r here) as [some out _ _ _ fit].
  pose proof equal as all. rewrite Forall_forall in all. rewrite (all r here) in *.
  unfold occ in fit. rewrite Z.div_1_r in fit. lia.
Qed.

(* A constant bound on the terms of a sum. *)
Lemma sum_le_length {A} (f : A -> Z) c l : (forall x, In x l -> f x <= c) ->
  sum f l <= c * Z.of_nat (length l).
Proof.
  induction l as [|x l IH]; cbn [sum length]; intros each; [lia|].
  specialize (IH (fun y here => each y (or_intror here))).
  specialize (each x (or_introl eq_refl)). lia.
Qed.

(* The same from below. *)
Lemma sum_ge_length {A} (f : A -> Z) c l : (forall x, In x l -> c <= f x) ->
  c * Z.of_nat (length l) <= sum f l.
Proof.
  induction l as [|x l IH]; cbn [sum length]; intros each; [lia|].
  specialize (IH (fun y here => each y (or_intror here))).
  specialize (each x (or_introl eq_refl)). lia.
Qed.

Section Round.
Variables s s' : state.
Variables A L finished going : list (job request).
Hypothesis before : orderly M 1 requests s.
Hypothesis parts : reserving_parts M 1 s s' A L finished going.
Notation R := (running s ++ A).

(* Step (1) of the book: those that run beside h, the first that waits, nearly fill the cache. *)
Lemma many_run h l : L = h :: l ->
  M < 2 * (prompt + output_len (tag h)) * Z.of_nat (length R).
Proof.
  intros shape. set (most := prompt + output_len (tag h)).
  assert (each : forall j, In j (R ++ [h]) -> output_len (tag j) <= output_len (tag h) /\
    exact j /\ 0 <= generated j < output_len (tag j) /\ In (tag j) requests).
  { intros j here. assert (there : In j (running s ++ A ++ L))
      by (rewrite app_assoc, shape; rewrite in_app_iff in *; cbn in *; tauto).
    destruct (tries M 1 requests instance _ _ _ _ _ _ before parts j there) as [is_exact range].
    pose proof (tag_known M 1 requests _ _ _ _ _ _ before parts j there) as is_known.
    repeat split; try apply is_exact; try lia; auto.
    assert (head : In h (waiting s)).
    { rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts), shape. apply in_app_iff. cbn. auto. }
    rewrite <- app_assoc, in_app_iff in here. destruct here as [here|here].
    - pose proof (started_first _ _ _ _ before (tag j) h) as first.
      destruct first; [apply in_app_iff; right; now apply in_map|exact head|lia|lia].
    - apply in_app_iff in here as [here|[<-|[]]]; [|lia].
      pose proof (queue_sorted _ _ _ _ before) as sorted.
      rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts), shape in sorted.
      apply sorted_app in sorted as (_ & _ & across).
      specialize (across j h here (or_introl eq_refl)). apply below_spec in across.
      destruct (tries M 1 requests instance _ _ _ _ _ _ before parts h) as ((_ & len & _) & _).
      { rewrite shape, !in_app_iff. cbn. auto. }
      destruct is_exact as (_ & len' & _). lia. }
  destruct (request_facts (tag h)) as (_ & some & out & fit).
  { apply each. apply in_app_iff. cbn. auto. }
  destruct (Z.lt_ge_cases M (most * (Z.of_nat (length R) + 1))) as [over|under].
  { assert (1 <= Z.of_nat (length R)) by nia. nia. }
  exfalso. apply (next_does_not _ _ _ _ _ _ _ _ parts h l shape). rewrite app_assoc.
  intros k later.
  rewrite as_assumed_sum. etransitivity; [apply (sum_le_length _ most)|].
  - intros j here. destruct (each j here) as (less & (same & len & _) & range & is_known).
    destruct (request_facts _ is_known) as (same' & _).
    unfold more_tokens, will_hold. rewrite whole_blocks_occ by lia. unfold occ. rewrite Z.div_1_r.
    unfold most. destruct (Z.ltb_spec (generated j) (assumed j)); [|lia].
    destruct (Z.ltb_spec k (assumed j - generated j)); lia.
  - rewrite app_length. cbn [length]. lia.
Qed.

(* What the tokens are worth after the round. *)
Lemma spent_next : spent s' = spent s + sum (fun j => worth (tag j)) R.
Proof.
  unfold spent. rewrite (finished_logged _ _ _ _ _ _ _ _ parts), (going_runs _ _ _ _ _ _ _ _
    parts).
  rewrite sum_app, sum_map. cbn [of run_until].
  rewrite (sum_ext (fun j => worth (tag j) * output_len (tag j))
    (fun j => worth (tag j) * generated j) finished).
  2:{ intros j here. pose proof (finished_has_all _ _ _ _ _ _ _ _ parts) as all.
      rewrite Forall_forall in all. now rewrite (all j here). }
  pose proof (sum_perm (fun j => worth (tag j) * generated j) _ _
    (each_one_token _ _ _ _ _ _ _ _ parts)) as same.
  rewrite sum_map, !sum_app in same. cbn [one_more tag generated] in same.
  assert (more : forall l : list (job request), sum (fun j => worth (tag j) * (generated j + 1)) l
    = sum (fun j => worth (tag j) * generated j) l + sum (fun j => worth (tag j)) l).
  { intros l. rewrite <- sum_plus. apply sum_ext. intros j _. lia. }
  rewrite !more, (sum_zero (fun j => worth (tag j) * generated j) A) in same; [rewrite sum_app;
    lia|].
  intros j here. pose proof (queue_exact _ _ _ _ before) as all. rewrite Forall_forall in all.
  destruct (all j) as [_ none]; [|rewrite none; lia].
  rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts). apply in_app_iff. auto.
Qed.

(* A round in which only requests of at least half the output of h run pays for itself. *)
Lemma good_round h l p : L = h :: l -> output_len (tag h) < 2 * p ->
  (forall j, In j R -> p <= output_len (tag j)) -> M <= sum (fun j => worth (tag j)) R.
Proof.
  intros shape short large. pose proof (many_run h l shape) as many.
  etransitivity; [apply Z.lt_le_incl; exact many|]. apply sum_ge_length. intros j here.
  specialize (large j here). unfold worth. destruct (request_facts (tag j)) as (-> & _); [|lia].
  apply (tag_known M 1 requests _ _ _ _ _ _ before parts). rewrite app_assoc. apply in_app_iff.
  auto.
Qed.

(* The invariant with a class p for the first that waits now, if it holds with the class of before
   or
   the class is new. *)
Lemma paid_in_class h l p b : L = h :: l -> 1 <= p -> p <= output_len (tag h) < 2 * p ->
  0 <= b <= 2 * p -> M * now s <= spent s + M * b ->
  (forall j, In j R -> output_len (tag j) < p ->
    b + (output_len (tag j) - generated j) <= 2 * p) -> paid M s' h.
Proof.
  intros shape some class range so_far small. exists p.
  assert (worth_some : 0 <= sum (fun j => worth (tag j)) R).
  { apply sum_nonneg. intros j here. unfold worth. destruct (request_facts (tag j)); [|lia].
    apply (tag_known M 1 requests _ _ _ _ _ _ before parts). rewrite app_assoc. apply in_app_iff.
    auto. }
  assert (capacity : 0 <= M) by exact (some_capacity _ _ _ instance).
  assert (unfinished : forall j, In j R -> 0 <= generated j < output_len (tag j)).
  { intros j here. apply (tries M 1 requests instance _ _ _ _ _ _ before parts).
    rewrite app_assoc. apply in_app_iff. auto. }
  assert (goes_on : forall j, In j (running s') -> exists i, In i R /\ j = one_more i).
  { intros j here. rewrite (going_runs _ _ _ _ _ _ _ _ parts) in here.
    apply (one_token M 1 _ _ _ _ _ _ parts). apply in_app_iff. auto. }
  destruct (existsb (fun j => output_len (tag j) <? p) R) eqn:bad.
  - apply existsb_exists in bad as (i & here & less). apply Z.ltb_lt in less.
    pose proof (small i here less) as room. pose proof (unfinished i here). exists (b + 1).
    rewrite spent_next, (time_goes_on _ _ _ _ _ _ _ _ parts). repeat split; try lia.
    intros j there below. destruct (goes_on j there) as (i' & here' & ->). cbn in *.
    specialize (small i' here' below). lia.
  - assert (large : forall j, In j R -> p <= output_len (tag j)).
    { intros j here. apply Z.ltb_ge. apply not_true_iff_false in bad. apply not_true_iff_false.
      intros less. apply bad. apply existsb_exists. eauto. }
    pose proof (good_round h l p shape ltac:(lia) large). exists b.
    rewrite spent_next, (time_goes_on _ _ _ _ _ _ _ _ parts). repeat split; try lia.
    intros j there below. destruct (goes_on j there) as (i' & here' & ->). cbn in *.
    specialize (large i' here'). lia.
Qed.

(* From the first that waits in a round to the first that waits in the next. *)
Lemma paid_next h l h' l' : waiting s = h :: l -> L = h' :: l' -> paid M s h -> paid M s' h'.
Proof.
  intros shape shape' (p & b & some & class & range & so_far & small).
  assert (sorted := queue_sorted _ _ _ _ before).
  assert (after : forall j, In j (waiting s) -> output_len (tag h) <= output_len (tag j)).
  { pose proof (queue_exact _ _ _ _ before) as all. rewrite Forall_forall in all.
    destruct (all h) as ((_ & len & _) & _); [rewrite shape; now left|]. intros j here.
    destruct (all j here) as ((_ & len' & _) & _). rewrite shape in *.
    destruct here as [<-|here]; [lia|].
    inversion_clear sorted as [|x y _ first]. rewrite Forall_forall in first.
    specialize (first j here).
    apply below_spec in first. lia. }
  assert (low : output_len (tag h) <= output_len (tag h')).
  { apply after. rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts), shape'. apply in_app_iff. cbn.
    auto. }
  destruct (Z.lt_ge_cases (output_len (tag h')) (2 * p)) as [same_class|new_class].
  - apply (paid_in_class h' l' p b shape'); auto; try lia. intros j here less.
    apply in_app_iff in here as [here|here]; [auto|]. specialize (after j).
    rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts), in_app_iff in after.
    specialize (after (or_introl here)). lia.
  - apply (paid_in_class h' l' (output_len (tag h')) b shape'); auto; try lia.
    intros j here less. destruct (tries M 1 requests instance _ _ _ _ _ _ before parts j); [|lia].
    rewrite app_assoc. apply in_app_iff. auto.
Qed.
End Round.

(* What is known of the starts so far. *)
Definition starts_paid (s : state) : Prop :=
  (forall h l, waiting s = h :: l -> paid M s h) /\
  (forall j, In j (running s) -> M * (now s - generated j) <= start_bound M requests (tag j)) /\
  (forall x, In x (log s) -> M * start x <= start_bound M requests (of x)).

(* The tokens generated so far are worth at most those of all requests shorter than one that
   waits. *)
Lemma spent_before s j : orderly M 1 requests s -> In j (waiting s) ->
  spent s <= sum (fun i => if is_shorter i (tag j) then worth i * output_len i else 0) requests.
Proof.
  intros before here. set (f := fun i => if is_shorter i (tag j) then worth i * output_len i else
    0).
  assert (worth_some : forall r, In r requests -> 0 <= worth r /\ 0 <= output_len r)
    by (intros r there; destruct (request_facts r there); unfold worth; lia).
  assert (known : forall r, In r (map of (log s) ++ map tag (running s) ++ map tag (waiting s)) ->
    In r requests) by (intros r; apply Permutation_in; exact (none_lost _ _ _ _ before)).
  assert (all : forall r, In r (map of (log s) ++ map tag (running s)) -> f r = worth r *
    output_len r).
  { intros r there. unfold f.
    now rewrite (proj2 (is_shorter_spec r (tag j)) (started_first _ _ _ _ before r j there here)).
    }
  rewrite <- (sum_perm f _ _ (none_lost _ _ _ _ before)), !sum_app, !sum_map. unfold spent.
  assert (0 <= sum (fun x => f (tag x)) (waiting s)).
  { apply sum_nonneg. intros x there. destruct (worth_some (tag x)); [|unfold f;
    destruct (is_shorter _ _); nia].
    apply known. rewrite !in_app_iff. right; right. now apply in_map. }
  assert (sum (fun x => worth (of x) * output_len (of x)) (log s) <= sum (fun x => f (of x)) (log
    s)).
  { apply sum_le. intros x there. rewrite all; [lia|]. apply in_app_iff. left. now apply in_map. }
  enough (sum (fun x => worth (tag x) * generated x) (running s) <= sum (fun x => f (tag x))
    (running s))
    by lia.
  apply sum_le. intros x there. rewrite all by (apply in_app_iff; right; now apply in_map).
  pose proof (running_exact _ _ _ _ before) as runs. rewrite Forall_forall in runs.
  destruct (runs x there) as [_ range]. destruct (worth_some (tag x)); [|nia].
  apply known. rewrite !in_app_iff. right; left. now apply in_map.
Qed.

(* While a request waits, the bound on its start is ahead. *)
Lemma still_ahead s j : orderly M 1 requests s -> starts_paid s -> In j (waiting s) ->
  M * now s <= start_bound M requests (tag j).
Proof.
  intros before (heads & _) here. destruct (waiting s) as [|h l] eqn:shape; [easy|].
  destruct (heads h l eq_refl) as (p & b & some & class & range & so_far & _).
  assert (there : In j (waiting s)) by now rewrite shape.
  pose proof (spent_before s j before there) as worth_so_far. unfold start_bound.
  assert (output_len (tag h) <= output_len (tag j)).
  { destruct here as [->|here]; [lia|]. pose proof (queue_sorted _ _ _ _ before) as sorted.
    rewrite shape in sorted. inversion_clear sorted as [|x y _ first].
    rewrite Forall_forall in first.
    specialize (first j here). apply below_spec in first.
    pose proof (queue_exact _ _ _ _ before) as all. rewrite shape, Forall_forall in all.
    destruct (all h (or_introl eq_refl)) as ((_ & len & _) & _).
    destruct (all j (or_intror here)) as ((_ & len' & _) & _). lia. }
  pose proof (some_capacity _ _ _ instance). nia.
Qed.

(* It is known before the first round. *)
Lemma starts_paid_first : starts_paid (queued M 1 requests).
Proof.
  repeat split; try easy. intros h l shape. pose proof (queued_orderly M 1 requests instance) as
    before.
  pose proof (none_lost _ _ _ _ before) as same. rewrite shape in same. cbn in same.
  destruct (request_facts (tag h)) as (_ & _ & out & _);
    [apply (Permutation_in _ same); now left|].
  exists (output_len (tag h)), 0. change (now (queued M 1 requests)) with 0.
  change (spent (queued M 1 requests)) with 0. repeat split; try lia. now intros j [].
Qed.

(* A round keeps it. *)
Lemma starts_paid_next s s' A L finished going : orderly M 1 requests s -> starts_paid s ->
  reserving_parts M 1 s s' A L finished going -> starts_paid s'.
Proof.
  intros before so_far parts. destruct so_far as (heads & runs & past) eqn:all. clear all.
  assert (each : forall j, In j (running s ++ A) ->
    M * (now s - generated j) <= start_bound M requests (tag j)).
  { intros j here. apply in_app_iff in here as [here|here]; [auto|].
    assert (waits : In j (waiting s)).
    { rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts). apply in_app_iff. auto. }
    pose proof (queue_exact _ _ _ _ before) as none. rewrite Forall_forall in none.
    destruct (none j waits) as [_ ->]. rewrite Z.sub_0_r. now apply still_ahead. }
  assert (moved : forall j, In j (finished ++ going) ->
    M * (now s + 1 - generated j) <= start_bound M requests (tag j)).
  { intros j here. destruct (one_token M 1 s s' A L finished going parts j here) as (i & there &
    ->).
    specialize (each i there). cbn [one_more generated tag]. etransitivity; [|exact each].
    apply Z.eq_le_incl. f_equal. lia. }
  split; [|split].
  - intros h l shape. rewrite (rest_waits _ _ _ _ _ _ _ _ parts) in shape.
    destruct (waiting s) as [|h0 l0] eqn:old.
    { pose proof (prefix_admitted _ _ _ _ _ _ _ _ parts) as cut. rewrite old, shape in cut.
      now destruct A. }
    eapply (paid_next s s' A L finished going before parts h0 l0 h l); eauto.
  - intros j. rewrite (going_runs _ _ _ _ _ _ _ _ parts), (time_goes_on _ _ _ _ _ _ _ _ parts).
    intros here. apply moved, in_app_iff. auto.
  - intros x. rewrite (finished_logged _ _ _ _ _ _ _ _ parts). intros here.
    apply in_app_iff in here as [here|here]; [|auto]. apply in_map_iff in here as (j & <- & here).
    cbn [start of run_until]. apply moved, in_app_iff. auto.
Qed.

(* The bounds on all starts add up to at most 8 times the smaller volumes of pairs, halved. *)
Lemma bounds_add_up : 2 * sum (start_bound M requests) requests
  <= 8 * pairs (smaller (volume_of 1)) requests + 4 * M * sum output_len requests.
Proof.
  set (f := fun r i => if is_shorter i r then worth i * output_len i else 0).
  assert (split_up : sum (start_bound M requests) requests
    = pairs f requests + 2 * M * sum output_len requests)
    by (unfold start_bound, pairs; now rewrite sum_plus, sum_scale).
  enough (pairs (fun x y => f x y + f y x) requests
    <= pairs (fun x y => 8 * smaller (volume_of 1) x y) requests) as both.
  { rewrite pairs_both in both. unfold pairs in both at 2.
    rewrite (sum_ext _ (fun x => 8 * sum (smaller (volume_of 1) x) requests)) in both
      by (intros x _; apply sum_scale).
    rewrite sum_scale in both. fold (pairs (smaller (volume_of 1)) requests) in both. lia. }
  assert (twice : forall r, In r requests ->
    2 * volume_of 1 r = output_len r * (2 * prompt + output_len r + 1)).
  { intros r here. destruct (request_facts r here) as (same & _ & out & _). unfold volume_of.
    rewrite volume_closed, Z2Nat.id, same by lia. reflexivity. }
  apply sum_le. intros x here. apply sum_le. intros y there. unfold f, smaller.
  assert (enough_worth : forall a c, In a requests -> In c requests -> is_shorter a c = true ->
    worth a * output_len a <= 8 * Z.min (volume_of 1 a) (volume_of 1 c)).
  { intros a c in_a in_c order. apply is_shorter_spec in order.
    pose proof (twice a in_a) as twice_a. pose proof (twice c in_c) as twice_c.
    destruct (request_facts a in_a) as (same & ? & ? & _).
    assert (less : output_len a <= output_len c) by (unfold shorter in order; lia).
    assert (volume_of 1 a <= volume_of 1 c) by nia. unfold worth. rewrite same. nia. }
  assert (one : is_shorter x y = true -> is_shorter y x = true -> False)
    by (rewrite !is_shorter_spec; unfold shorter; lia).
  assert (nonneg : 0 <= Z.min (volume_of 1 x) (volume_of 1 y)).
  { pose proof (twice x here). pose proof (twice y there). destruct (request_facts x here).
    destruct (request_facts y there). nia. }
  destruct (is_shorter x y) eqn:xy, (is_shorter y x) eqn:yx; [now destruct one| | |lia].
  - specialize (enough_worth x y here there xy). lia.
  - specialize (enough_worth y x there here yx). lia.
Qed.
End Hindsight.

(* T18 with 11 in place of 9.63, against every valid schedule. *)
Theorem hindsight_ratio M prompt requests fuel l s : sane_instance M 1 requests ->
  at_once requests -> Forall (fun r => prompt_len r = prompt) requests ->
  simulate (h_sf M 1) fuel requests = Some l -> valid M 1 requests s ->
  total_latency l <= 11 * total_latency s.
Proof.
  intros instance zero equal made V. destruct requests as [|r0 others] eqn:shape.
  { assert (l = []) by (destruct fuel; cbn in made; congruence). subst l.
    pose proof (cost_of_outputs M 1 [] instance s zero V) as some. cbn [sum] in some.
    change (total_latency []) with 0. lia. }
  rewrite <- shape in *.
  destruct (at_the_end M 1 requests instance zero (starts_paid M requests)
    (starts_paid_first M prompt requests instance equal)
    (fun s A L f g before so_far parts =>
      starts_paid_next M prompt requests instance equal s _ A L f g before so_far parts)
    fuel l made ltac:(rewrite shape; discriminate))
    as (e & before & (_ & _ & past) & no_running & no_waiting & <-).
  pose proof (none_lost _ _ _ _ before) as same. rewrite no_running, no_waiting, !app_nil_r in
    same.
  assert (cost : M * total_latency (log e) <= sum (start_bound M requests) requests
    + M * sum output_len requests).
  { rewrite <- (sum_perm _ _ _ same), <- (sum_perm output_len _ _ same), !sum_map, <- sum_scale,
    <- sum_plus.
    unfold total_latency. rewrite filter_all, <- sum_scale.
    - apply sum_le. intros x here. specialize (past x here).
      pose proof (log_whole _ _ _ _ before) as whole. rewrite Forall_forall in whole.
      destruct (whole x here) as [_ len]. unfold at_once in zero. rewrite Forall_forall in zero.
      rewrite (zero (of x)); [lia|]. apply (Permutation_in _ same). now apply in_map.
    - intros x here. pose proof (log_whole _ _ _ _ before) as whole.
      rewrite Forall_forall in whole.
      now apply whole. }
  pose proof (bounds_add_up M prompt requests instance equal).
  pose proof (cost_of_pairs M 1 requests instance s zero V) as lower_pairs.
  pose proof (cost_of_outputs M 1 requests instance s zero V).
  destruct (request_facts M prompt requests instance equal r0) as (_ & ? & ? & ?); [rewrite shape;
    now left|].
  assert (0 <= sum (volume_of 1) requests).
  { apply sum_nonneg. intros r here. unfold volume_of. apply (volume_nonneg M 1 requests instance).
    destruct (request_facts M prompt requests instance equal r here). lia. }
  nia.
Qed.
