(* When Amin's starts can be foretold: l = 1, equal prompts at once, and starts in the order of
   rank
   that fill each round and never exceed it. T15 rests on it. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Refine.
From AminRef.facts Require Import Sums Lists Blocks Decisions.
Import ListNotations.
Open Scope Z_scope.

(* A request with the round in which it starts. *)
Notation placed := (Z * request)%type.

(* p has started before round t; it runs in round t or before. *)
Definition started (t : Z) (p : placed) : bool := fst p <? t.
Definition alive (t : Z) (p : placed) : bool := t <? fst p + output_len (snd p).

(* What p occupies in round t, with blocks of one token. *)
Definition takes (t : Z) (p : placed) : Z :=
  if (fst p <=? t) && (t <? fst p + output_len (snd p)) then prompt_len (snd p) + (t - fst p) + 1
  else 0.

(* The job of p in round t after step 2, and the run of p. *)
Definition job_in (t : Z) (p : placed) : job request :=
  Job (snd p) (prompt_len (snd p)) (Z.max 1 (t - fst p)) (rank_of (snd p)) (t - fst p).
Definition whole_run (p : placed) : run :=
  Run (snd p) (fst p) (fst p + output_len (snd p)) true.

(* The starts of `pl` are in the order of rank and, up to round T, fill each round: one more
   request
   would not fit. Those at T have not started before T. *)
Record first_fit (M : Z) (requests : list request) (pl : list placed) (T : Z) : Prop := FirstFit {
  one_bound : Forall (fun r => lower r = 1 /\ arrival r = 0) requests;
  all_placed : Permutation (map snd pl) requests;
  in_time : Forall (fun p => 0 <= fst p <= T) pl;
  by_rank : forall p q, In p pl -> In q pl -> fst p < fst q -> rank_of (snd p) < rank_of (snd q);
  never_over : forall t, 0 <= t < T -> sum (takes t) pl <= M;
  always_full : forall t q, 0 <= t < T -> In q pl -> t < fst q ->
    M < sum (takes t) pl + (prompt_len (snd q) + 1) }.

(* The state at the start of round t, if all start as placed. *)
Record as_placed (pl : list placed) (s : state) : Prop := AsPlaced {
  placed_coming : now s = 0 \/ coming s = [];
  placed_running : Permutation (map learnt (running s))
    (map (job_in (now s)) (filter (fun p => started (now s) p && alive (now s) p) pl));
  placed_waiting : Permutation (waiting s ++ map arrives (coming s))
    (map arrives (map snd (filter (fun p => negb (started (now s) p)) pl)));
  placed_log : Permutation (log s) (map whole_run (filter (fun p => negb (alive (now s) p)) pl)) }.

(* The run of p as far as it has come by time t. *)
Definition run_by (t : Z) (p : placed) : run :=
  if alive t p then Run (snd p) (fst p) t false else whole_run p.

(* States that are alike are so from both sides. *)
Lemma alike_sym s s' : alike s s' -> alike s' s.
Proof. intros [same_t same_R same_W same_C same_log]. constructor; now symmetry. Qed.

Section Starts.
Variables M : Z.
Variable requests : list request.
Variable pl : list placed.
Variable T : Z.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis fit : first_fit M requests pl T.

(* What the instance says of a placed request. *)
Lemma placed_facts p : In p pl -> In (snd p) requests /\ lower (snd p) = 1 /\ arrival (snd p) = 0
  /\
  1 <= prompt_len (snd p) /\ 1 <= output_len (snd p) /\ 0 <= fst p <= T.
Proof.
  intros here. assert (is_known : In (snd p) requests)
    by (eapply Permutation_in; [exact (all_placed _ _ _ _ fit)|]; now apply in_map).
  destruct (sane_of M 1 requests instance _ is_known) as [some out _ _ _ _].
  pose proof (one_bound _ _ _ _ fit) as one. rewrite Forall_forall in one.
  destruct (one _ is_known). pose proof (in_time _ _ _ _ fit) as times_ok.
  rewrite Forall_forall in times_ok. specialize (times_ok p here). repeat split; auto; lia.
Qed.

(* With blocks of one token, a job holds its tokens. *)
Lemma holds_tokens {X} k (j : job X) : will_hold 1 k j = prompt j + (generated j + (k + 1)).
Proof. unfold will_hold. rewrite whole_blocks_occ by lia. unfold occ. rewrite Z.div_1_r. lia. Qed.

(* Placements with one request are one placement. *)
Lemma placed_once p q : In p pl -> In q pl -> snd p = snd q -> p = q.
Proof.
  intros here there same. apply (nodup_same (fun p => id (snd p)) pl); auto; [|now rewrite same].
  rewrite <- (map_map snd id). eapply Permutation_NoDup;
    [|exact (distinct_ids _ _ _ instance)]. symmetry. apply Permutation_map.
  exact (all_placed _ _ _ _ fit).
Qed.

(* One term of a sum is at most the sum of terms that are not negative. *)
Lemma sum_one {A} (f : A -> Z) l x : (forall y, In y l -> 0 <= f y) -> In x l -> f x <= sum f l.
Proof.
  intros each here. apply in_split in here as (a & b & ->). rewrite sum_app. cbn [sum].
  assert (0 <= sum f a) by (apply sum_nonneg; intros y there; apply each, in_app_iff; auto).
  assert (0 <= sum f b) by (apply sum_nonneg; intros y there; apply each, in_app_iff; cbn; auto).
  lia.
Qed.

(* Placements by two properties, of which none has both. *)
Lemma either_filter {A} (p q : A -> bool) l : (forall x, In x l -> p x && q x = false) ->
  Permutation (filter (fun x => p x || q x) l) (filter p l ++ filter q l).
Proof.
  induction l as [|x l IH]; intros never; [constructor|]. cbn [filter].
  specialize (IH (fun y here => never y (or_intror here))).
  specialize (never x (or_introl eq_refl)).
  destruct (p x), (q x); cbn [orb app] in *; try discriminate; auto.
  rewrite IH. apply Permutation_middle.
Qed.

Section Round.
Variable s : state.
Hypothesis reached : reaches M 1 requests s.
Hypothesis before : as_placed pl s.
Hypothesis in_range : 0 <= now s < T.

Let t := now s.
Let running_now := map (job_in t) (filter (fun p => started t p && alive t p) pl).
Let starting := map (job_in t) (filter (fun p => fst p =? t) pl).
Let staying := map arrives (map snd (filter (fun p => t <? fst p) pl)).

(* What runs and what starts are all that are placed in this round. *)
Lemma generating : Permutation (running_now ++ starting)
  (map (job_in t) (filter (fun p => (fst p <=? t) && alive t p) pl)).
Proof.
  unfold running_now, starting. rewrite <- map_app. apply Permutation_map.
  rewrite <- either_filter.
  - erewrite filter_ext_in; [reflexivity|]. intros p here. cbn beta.
    destruct (placed_facts p here) as (_ & _ & _ & _ & out & _). unfold started, alive.
    destruct (Z.ltb_spec (fst p) t), (Z.leb_spec (fst p) t), (Z.eqb_spec (fst p) t),
      (Z.ltb_spec t (fst p + output_len (snd p))); cbn; lia.
  - intros p _. unfold started. destruct (Z.ltb_spec (fst p) t), (Z.eqb_spec (fst p) t);
      rewrite ?andb_false_r; auto; lia.
Qed.

(* Their next tokens are what the placements take. *)
Lemma tokens_placed : next_tokens 1 (running_now ++ starting) = sum (takes t) pl.
Proof.
  unfold next_tokens. rewrite (sum_perm _ _ _ generating), sum_map, sum_filter. apply sum_ext.
  intros p _. rewrite holds_tokens. unfold takes, alive, job_in. cbn [prompt generated].
  destruct (_ && _); lia.
Qed.

(* In this round, what starts looks like what arrives. *)
Lemma starting_arrives :
  starting = map arrives (map snd (filter (fun p => fst p =? t) pl)).
Proof.
  unfold starting. rewrite map_map. apply map_ext_in. intros p here.
  apply filter_In in here as [here same]. apply Z.eqb_eq in same.
  destruct (placed_facts p here) as (_ & low & _). unfold job_in, arrives. rewrite low.
  f_equal; lia.
Qed.

(* Of the jobs at hand, all have lengths that are not negative, and one token more to go. *)
Lemma one_to_go j : In j (running_now ++ starting ++ staying) -> counts j /\ more_tokens j = 1.
Proof.
  rewrite !in_app_iff. intros here.
  assert (shape : exists p, In p pl /\ (j = job_in t p /\ fst p <= t \/ j = arrives (snd p))).
  { destruct here as [here|[here|here]]; [| |unfold staying in here; rewrite map_map in here];
      apply in_map_iff in here as (p & <- & here); apply filter_In in here as [here kind];
      exists p; (split; [exact here|]); [left|left|now right]; split; auto.
    - apply andb_prop in kind as [kind _]. apply Z.ltb_lt in kind. lia.
    - apply Z.eqb_eq in kind. lia. }
  destruct shape as (p & there & [[-> before_t]| ->]);
    destruct (placed_facts p there) as (_ & low & _ & some & out & times_ok);
    unfold counts, more_tokens, job_in, arrives; cbn [prompt generated assumed]; rewrite ?low.
  - destruct (Z.ltb_spec (t - fst p) (Z.max 1 (t - fst p))); lia.
  - cbn. lia.
Qed.

(* So only the present round counts in their plans. *)
Lemma plan_is_now l : incl l (running_now ++ starting ++ staying) ->
  (never_exceeds M 1 l <-> next_tokens 1 l <= M).
Proof.
  intros part. rewrite next_tokens_now. split; [intros all; now apply all|].
  intros now_fits k later.
  destruct (Z.eq_dec k 0) as [->|]; [exact now_fits|]. unfold as_assumed. rewrite filter_none.
  - exact (some_capacity _ _ _ instance).
  - intros j here. destruct (one_to_go j (part j here)) as [_ ->]. apply Z.ltb_ge. lia.
Qed.

(* Those that start come before those that stay in the queue. *)
Lemma starting_first v w : In v starting -> In w staying -> below v w = true.
Proof.
  rewrite starting_arrives. unfold staying. rewrite !map_map.
  intros here there. apply in_map_iff in here as (p & <- & here), there as (q & <- & there).
  apply filter_In in here as [here same], there as [there after]. apply Z.eqb_eq in same.
  apply Z.ltb_lt in after. destruct (placed_facts p here) as (_ & low & _).
  destruct (placed_facts q there) as (_ & low' & _).
  pose proof (by_rank _ _ _ _ fit p q here there ltac:(lia)).
  rewrite below_spec. cbn. rewrite low, low'. lia.
Qed.

(* There is no room for one of those that stay in the queue. *)
Lemma no_room w : In w staying -> M < next_tokens 1 (running_now ++ starting) + will_hold 1 0 w.
Proof.
  rewrite tokens_placed, holds_tokens. unfold staying. rewrite !map_map. intros there.
  apply in_map_iff in there as (q & <- & there). apply filter_In in there as [there after].
  apply Z.ltb_lt in after. pose proof (always_full _ _ _ _ fit t q in_range there after). cbn. lia.
Qed.

(* The next tokens of a part of the jobs are at most those of all. *)
Lemma tokens_part f l : incl l (running_now ++ starting ++ staying) ->
  next_tokens 1 (filter f l) <= next_tokens 1 l.
Proof.
  intros part. apply sum_filter_le. intros j here. destruct (one_to_go j (part j here)) as [some
    _].
  apply will_hold_nonneg; [lia|exact some|lia].
Qed.

(* Those that wait in step 4 start or stay in the queue. *)
Lemma queue_parts : Permutation (waiting s ++ map arrives (coming s)) (starting ++ staying).
Proof.
  rewrite (placed_waiting _ _ before), starting_arrives. unfold staying.
  rewrite <- !map_app. do 2 apply Permutation_map. rewrite <- either_filter.
  + erewrite filter_ext_in; [reflexivity|]. intros p _. cbn beta. unfold started. fold t.
    destruct (Z.ltb_spec (fst p) t), (Z.eqb_spec (fst p) t), (Z.ltb_spec t (fst p)); cbn; lia.
  + intros p _. destruct (Z.eqb_spec (fst p) t), (Z.ltb_spec t (fst p)); cbn; lia.
Qed.

(* Steps 2 to 4: none is evicted, and those start that are placed in this round. *)
Lemma placed_decision : decision M 1 (running s) (waiting s ++ map arrives (coming s))
  [] running_now starting staying.
Proof.
  assert (within : next_tokens 1 (running_now ++ starting) <= M)
    by (rewrite tokens_placed; now apply (never_over _ _ _ _ fit)).
  assert (two : forall l m : list (job request),
    next_tokens 1 (l ++ m) = next_tokens 1 l + next_tokens 1 m) by (intros l m; apply sum_app).
  assert (parts : forall l, incl l running_now \/ incl l (starting ++ staying) ->
    incl l (running_now ++ starting ++ staying))
    by (intros l [part|part] j here; apply in_app_iff; auto).
  assert (nonneg : 0 <= next_tokens 1 starting).
  { pose proof (tokens_part (fun _ => false) starting
      (parts _ (or_intror (incl_appl _ (incl_refl _))))) as some.
    rewrite filter_none in some by reflexivity. exact some. }
  constructor.
  - exact (placed_running _ _ before).
  - constructor.
  - apply Forall_forall. intros x _. cbn [app]. rewrite two in within.
    pose proof (tokens_part (fun y => negb (below y x)) running_now
      (parts _ (or_introl (incl_refl _)))). unfold not_below. lia.
  - exact queue_parts.
  - apply Forall_forall. intros w here. apply plan_is_now.
    { apply incl_app; [apply incl_appl, incl_refl|apply incl_appr, incl_filter]. }
    unfold not_above. rewrite filter_app, (filter_none _ staying).
    + rewrite app_nil_r, two in *.
      pose proof (tokens_part (fun v => negb (below w v)) starting
        (parts _ (or_intror (incl_appl _ (incl_refl _))))). lia.
    + intros v there. apply negb_false_iff. now apply starting_first.
  - apply Forall_forall. intros w here room.
    rewrite plan_is_now in room
      by (apply incl_app; [apply incl_appl, incl_refl|apply incl_appr, incl_filter]).
    unfold not_above in room. rewrite filter_app, (filter_all _ starting) in room.
    + assert (one : will_hold 1 0 w <= next_tokens 1 (filter (fun v => negb (below w v)) staying)).
      { apply (sum_one (will_hold 1 0)).
        - intros v there. apply filter_In in there as [there _].
          destruct (one_to_go v) as [some _]; [rewrite !in_app_iff; auto|].
          apply will_hold_nonneg; [lia|exact some|lia].
        - apply filter_In. split; [exact here|]. now rewrite below_irreflexive. }
      pose proof (no_room w here) as full. rewrite !two in *. lia.
    + intros v there. pose proof (starting_first v w there here) as order.
      apply negb_true_iff, not_true_iff_false. rewrite below_spec in *. lia.
Qed.

(* After step 5: those that finish, and those that go on. *)
Let finishing := map (fun p => one_more (job_in t p))
  (filter (fun p => (fst p <=? t) && (fst p + output_len (snd p) =? t + 1)) pl).
Let going_on := map (fun p => one_more (job_in t p))
  (filter (fun p => started (t + 1) p && alive (t + 1) p) pl).

(* All that generate a token do either. *)
Lemma finish_or_go : Permutation (map one_more (running_now ++ starting)) (finishing ++ going_on).
Proof.
  rewrite generating, map_map. unfold finishing, going_on. rewrite <- map_app.
  apply Permutation_map. rewrite <- either_filter.
  - erewrite filter_ext_in; [reflexivity|]. intros p here. cbn beta. unfold started, alive.
    destruct (placed_facts p here) as (_ & _ & _ & _ & out & _).
    destruct (Z.leb_spec (fst p) t), (Z.ltb_spec t (fst p + output_len (snd p))),
      (Z.eqb_spec (fst p + output_len (snd p)) (t + 1)), (Z.ltb_spec (fst p) (t + 1)),
      (Z.ltb_spec (t + 1) (fst p + output_len (snd p))); cbn; lia.
  - intros p _. unfold alive. destruct (Z.eqb_spec (fst p + output_len (snd p)) (t + 1)),
      (Z.ltb_spec (t + 1) (fst p + output_len (snd p))); rewrite ?andb_false_r; auto; lia.
Qed.

(* The state after the round. *)
Let next := State (t + 1) going_on staying [] (map (run_until (t + 1) true) finishing ++ log s).

(* A round leads to it. *)
Lemma placed_round : amin_round M 1 s next.
Proof.
  exists (coming s), [], [], running_now, starting, staying, finishing, going_on.
  constructor; cbn [now running waiting coming log next]; try reflexivity.
  - now rewrite app_nil_r.
  - apply Forall_forall. intros r here. destruct (placed_coming _ _ before) as [zero|none];
      [|now rewrite none in here].
    assert (there : In (arrives r) (waiting s ++ map arrives (coming s)))
      by (apply in_app_iff; right; now apply in_map).
    apply (Permutation_in _ (placed_waiting _ _ before)) in there. rewrite map_map in there.
    apply in_map_iff in there as (p & same & there). apply (f_equal (@tag request)) in same.
    cbn in same. apply filter_In in there as [there _].
    destruct (placed_facts p there) as (_ & _ & at_0 & _). rewrite <- same, at_0, zero.
    reflexivity.
  - constructor.
  - exact placed_decision.
  - exact finish_or_go.
  - apply Forall_map, Forall_forall. intros p here. apply filter_In in here as [_ here].
    apply andb_prop in here as [_ here]. apply Z.eqb_eq in here. cbn. lia.
  - apply Forall_map, Forall_forall. intros p here. apply filter_In in here as [_ here].
    apply andb_prop in here as [_ here]. apply Z.ltb_lt in here. cbn. lia.
  - now rewrite app_nil_r.
Qed.

(* It is as placed. *)
Lemma next_as_placed : as_placed pl next.
Proof.
  constructor; cbn [now running waiting coming log next].
  - now right.
  - unfold going_on. rewrite map_map. erewrite map_ext_in; [reflexivity|]. intros p here.
    apply filter_In in here as [_ here]. apply andb_prop in here as [here _].
    apply Z.ltb_lt in here. unfold learnt, job_in, one_more.
    cbn [tag prompt assumed rank generated].
    f_equal; [|lia]. destruct (Z.ltb_spec (Z.max 1 (t - fst p)) (t - fst p + 1)); lia.
  - cbn [map]. rewrite app_nil_r. unfold staying. erewrite filter_ext; [reflexivity|].
    intros p. unfold started. destruct (Z.ltb_spec t (fst p)), (Z.ltb_spec (fst p) (t + 1)); cbn;
      lia.
  - rewrite (placed_log _ _ before). unfold finishing. rewrite map_map.
    rewrite (map_ext_in _ whole_run).
    + rewrite <- map_app. apply Permutation_map. rewrite <- either_filter.
      * erewrite filter_ext_in; [reflexivity|]. intros p here. cbn beta. unfold alive. fold t.
        destruct (placed_facts p here) as (_ & _ & _ & _ & out & _).
        destruct (Z.leb_spec (fst p) t), (Z.eqb_spec (fst p + output_len (snd p)) (t + 1)),
          (Z.ltb_spec t (fst p + output_len (snd p))),
          (Z.ltb_spec (t + 1) (fst p + output_len (snd p))); cbn; lia.
      * intros p _. unfold alive. fold t. destruct (Z.eqb_spec (fst p + output_len (snd p)) (t +
        1)),
          (Z.ltb_spec t (fst p + output_len (snd p))); cbn; rewrite ?andb_false_r; auto; lia.
    + intros p here. apply filter_In in here as [_ here]. apply andb_prop in here as [_ here].
      apply Z.eqb_eq in here. unfold run_until, whole_run, one_more, job_in. cbn. f_equal; lia.
Qed.
End Round.

(* What is as placed does not depend on the order of lists. *)
Lemma as_placed_alike s s' : alike s s' -> as_placed pl s -> as_placed pl s'.
Proof.
  intros [same_t same_R same_W same_C same_log] [came runs waits past].
  constructor; rewrite <- same_t.
  - destruct came as [|none]; [now left|right]. rewrite none in same_C.
    now apply Permutation_nil in same_C.
  - now rewrite <- same_R.
  - now rewrite <- same_W, <- same_C.
  - now rewrite <- same_log.
Qed.

(* In every state up to round T all have started as placed. *)
Theorem starts_as_placed s : reaches M 1 requests s -> 0 <= now s /\
  (now s <= T -> as_placed pl s).
Proof.
  induction 1 as [s first|s s' reached [not_before_0 IH] here].
  - split; [rewrite (same_now _ _ first); cbn; lia|]. intros _.
    apply (as_placed_alike _ _ (alike_sym _ _ first)).
    constructor; cbn [now running waiting coming log map]; [now left| | |].
    + rewrite filter_none; [reflexivity|]. intros p here.
      destruct (placed_facts p here) as (_ & _ & _ & _ & _ & range). unfold started.
      destruct (Z.ltb_spec (fst p) 0); [lia|reflexivity].
    + rewrite filter_all; [cbn [app]; symmetry; apply Permutation_map, (all_placed _ _ _ _ fit)|].
      intros p here. destruct (placed_facts p here) as (_ & _ & _ & _ & _ & range). unfold started.
      destruct (Z.ltb_spec (fst p) 0); [lia|reflexivity].
    + rewrite filter_none; [reflexivity|]. intros p here.
      destruct (placed_facts p here) as (_ & _ & _ & _ & out & range). unfold alive.
      destruct (Z.ltb_spec 0 (fst p + output_len (snd p))); [reflexivity|lia].
  - assert (time : now s' = now s + 1)
      by (destruct here as (a & l & E & S & A & L & f & g & parts); apply parts).
    split; [lia|]. intros in_range. specialize (IH ltac:(lia)).
    eapply as_placed_alike; [|apply (next_as_placed s IH); lia].
    eapply (amin_round_unique M 1 s s); [now constructor|apply placed_round; auto; lia|exact here].
Qed.

(* Jobs and runs of p have started when p is placed, or later. *)
Definition not_before (p : placed) (s : state) : Prop :=
  (forall j, In j (running s) -> tag j = snd p -> fst p <= now s - generated j) /\
  (forall x, In x (log s) -> of x = snd p -> fst p <= start x).

(* Up to the round in which p is placed, no run of p has started. *)
Lemma not_before_yet s p : reaches M 1 requests s -> In p pl -> now s <= fst p -> not_before p s.
Proof.
  intros reached here early. destruct (placed_facts p here) as (_ & _ & _ & _ & out & range).
  destruct (starts_as_placed s reached) as [_ placed_so]. specialize (placed_so ltac:(lia)).
  split.
  - intros j there same. exfalso. apply (in_map learnt) in there.
    apply (Permutation_in _ (placed_running _ _ placed_so)) in there.
    apply in_map_iff in there as (q & shape & there). apply filter_In in there as [there yes].
    apply andb_prop in yes as [yes _]. apply Z.ltb_lt in yes.
    apply (f_equal (@tag request)) in shape. cbn in shape.
    assert (q = p) by (apply placed_once; congruence). subst q. lia.
  - intros x there same. exfalso. apply (Permutation_in _ (placed_log _ _ placed_so)) in there.
    apply in_map_iff in there as (q & <- & there). apply filter_In in there as [there yes].
    apply negb_true_iff, Z.ltb_ge in yes. cbn in same.
    assert (q = p) by now apply placed_once. subst q. lia.
Qed.

(* Nor does any start before its round later on. *)
Theorem starts_not_before s p : reaches M 1 requests s -> In p pl -> not_before p s.
Proof.
  intros reached here. induction reached as [s first|s s' reached IH round_here].
  - apply not_before_yet; [now apply at_first|exact here|].
    destruct (placed_facts p here) as (_ & _ & _ & _ & _ & range).
    rewrite (same_now _ _ first). cbn. lia.
  - destruct (Z.le_gt_cases (now s') (fst p)) as [early|late].
    { apply not_before_yet; auto. eapply next_round; eassumption. }
    destruct round_here as (arr & lat & E & S & A & L & f & g & parts).
    pose proof (reaches_safe M 1 requests instance s reached) as safe_s.
    pose proof (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts) as time.
    destruct IH as [runs past].
    assert (ran : forall j, In j (E ++ S) -> tag j = snd p -> fst p <= now s - generated j).
    { intros j there same.
      destruct (from_running M 1 s s' arr lat E S A L f g parts j there) as (i & old & ->).
      exact (runs i old same). }
    assert (tokens : forall j, In j (f ++ g) -> tag j = snd p -> fst p <= now s + 1 - generated j).
    { intros j there same.
      destruct (from_generating M 1 s s' arr lat E S A L f g parts j there) as (i & gen & ->).
      cbn in *. apply in_app_iff in gen as [gen|gen].
      - specialize (ran i ltac:(apply in_app_iff; auto) same). lia.
      - destruct (queue_well M 1 requests instance s s' arr lat E S A L f g safe_s parts i)
          as (_ & none & _); [apply in_app_iff; auto|]. lia. }
    split.
    + intros j there same. rewrite time.
      apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in there.
      apply tokens; [apply in_app_iff; auto|exact same].
    + intros x there same.
      apply (Permutation_in _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)) in there.
      rewrite !in_app_iff in there. destruct there as [there|[there|there]]; [| |auto];
        apply in_map_iff in there as (j & <- & there); cbn [of start run_until] in *.
      * apply tokens; [apply in_app_iff; auto|exact same].
      * apply ran; [apply in_app_iff; auto|exact same].
Qed.

(* The runs so far are those of the placed requests, and none was evicted. *)
Theorem runs_as_placed s : reaches M 1 requests s -> now s <= T ->
  Permutation (runs_so_far s) (map (run_by (now s)) (filter (started (now s)) pl)) /\
  Forall (fun x => completed x = true) (log s).
Proof.
  intros reached early. destruct (starts_as_placed s reached) as [_ so]. specialize (so early).
  pose proof (placed_log _ _ so) as past. split.
  - unfold runs_so_far. rewrite past.
    assert (same : map (run_until (now s) false) (running s)
      = map (run_until (now s) false) (map learnt (running s)))
      by (rewrite map_map; apply map_ext; reflexivity).
    rewrite same, (Permutation_map _ (placed_running _ _ so)), map_map.
    rewrite (map_ext_in _ (run_by (now s))), (map_ext_in whole_run (run_by (now s))).
    + rewrite <- map_app. apply Permutation_map. rewrite <- either_filter.
      * erewrite filter_ext_in; [reflexivity|]. intros p here. cbn beta. unfold started, alive.
        destruct (placed_facts p here) as (_ & _ & _ & _ & out & _).
        destruct (Z.ltb_spec (fst p) (now s)), (Z.ltb_spec (now s) (fst p + output_len (snd p)));
          cbn; lia.
      * intros p _. destruct (alive (now s) p); cbn; rewrite ?andb_false_r; reflexivity.
    + intros p here. apply filter_In in here as [_ here]. unfold run_by.
      now destruct (alive (now s) p).
    + intros p here. apply filter_In in here as [_ here]. apply andb_prop in here as [_ here].
      unfold run_by. rewrite here. unfold run_until, job_in. cbn [tag generated]. f_equal. lia.
  - apply (forall_perm _ _ _ (Permutation_sym past)). apply Forall_map, Forall_forall. reflexivity.
Qed.
End Starts.
