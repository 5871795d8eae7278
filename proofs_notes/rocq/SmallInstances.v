(* Small instances one by one (T12): Amin's cost, and whether some start vector is cheaper. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Refine Safety Certificate Starts FamilyInstance.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* Requests of equal prompts and one interval, with these outputs, in order of rank. *)
Fixpoint uniform (s l u first : Z) (outputs : list Z) : list request :=
  match outputs with
  | [] => []
  | o :: later => Request first s o l (Some u) 0 first :: uniform s l u (first + 1) later
  end.

(* 0, 1, ..., n - 1. *)
Definition below_n (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).

(* No round in which r runs, if it starts in round t, holds more than M beside v. *)
Definition finds_room (M : Z) (v : list placed) (r : request) (t : Z) : bool :=
  forallb (fun k => load 1 ((r, t) :: v) (t + k) <=? M) (below_n (output_len r)).

(* Some starts of the requests, together at most `slack`, go with those of v. *)
Fixpoint some_starts (M : Z) (v : list placed) (todo : list request) (slack : Z) : bool :=
  if slack <? 0 then false else
  match todo with
  | [] => true
  | r :: more => existsb (fun t => finds_room M v r t
      && some_starts M ((r, t) :: v) more (slack - t)) (below_n (slack + 1))
  end.

(* No valid schedule costs less than q / p times Amin. *)
Definition within_ratio (p q M : Z) (requests : list request) : bool :=
  match simulate (amin M 1) 100 requests with
  | Some made =>
      negb (some_starts M [] requests
        ((q * total_latency made - 1) / p - sum output_len requests))
  | None => false
  end.

(* All lists of n outputs from l to u. *)
Fixpoint all_outputs (l u : Z) (n : nat) : list (list Z) :=
  match n with
  | O => [[]]
  | S m => flat_map (fun o => map (cons o) (all_outputs l u m)) (map (Z.add l) (below_n (u - l +
    1)))
  end.

(* a, a + 1, ..., b. *)
Definition range (a b : Z) : list Z := map (Z.add a) (below_n (b - a + 1)).

(* The same for all instances with these bounds on u, s and the number of requests. *)
Definition all_within (p q longest prompts : Z) (n : nat) : bool :=
  forallb (fun u => forallb (fun l => forallb (fun s => forallb (fun M => forallb (fun m =>
    forallb (fun outputs => within_ratio p q M (uniform s l u 0 outputs))
      (all_outputs l u m)) (seq 0 (S n)))
    (range (s + u) (Z.of_nat n * (s + u)))) (range 1 prompts)) (range 1 u)) (range 1 longest).

(* The lists of numbers have all of them. *)
Lemma in_below_n n x : 0 <= x < n -> In x (below_n n).
Proof.
  intros inside. apply in_map_iff. exists (Z.to_nat x). rewrite Z2Nat.id by lia.
  split; [reflexivity|]. apply in_seq. lia.
Qed.

(* The same from a to b. *)
Lemma in_range a b x : a <= x <= b -> In x (range a b).
Proof.
  intros inside. apply in_map_iff. exists (x - a). split; [lia|]. apply in_below_n. lia.
Qed.

(* The lists of outputs are all there. *)
Lemma in_all_outputs l u outputs : Forall (fun o => l <= o <= u) outputs ->
  In outputs (all_outputs l u (length outputs)).
Proof.
  induction 1 as [|o later inside _ IH]; cbn [all_outputs length]; [now left|].
  apply in_flat_map. exists o. split; [now apply in_range|]. now apply in_map.
Qed.

(* What the requests are. *)
Lemma in_uniform s l u first outputs r : In r (uniform s l u first outputs) ->
  prompt_len r = s /\ In (output_len r) outputs /\ lower r = l /\ upper r = Some u /\
  arrival r = 0 /\ first <= id r /\ rank_of r = id r.
Proof.
  revert first. induction outputs as [|o later IH]; intros first; [easy|].
  intros [<-|here]; cbn; [repeat split; auto; lia|].
  destruct (IH _ here) as (? & ? & ? & ? & ? & ? & ?). repeat split; auto; lia.
Qed.

(* Numbers that grow are distinct. *)
Lemma uniform_ids s l u first outputs : NoDup (map id (uniform s l u first outputs)).
Proof.
  revert first. induction outputs as [|o later IH]; intros first; cbn; constructor; [|apply IH].
  intros here. apply in_map_iff in here as (r & same & here).
  apply in_uniform in here as (_ & _ & _ & _ & _ & more & _). lia.
Qed.

(* They are an instance if a request of u tokens fits. *)
Lemma uniform_sane s l u M outputs : 1 <= s -> 1 <= l -> s + u <= M -> 0 <= u ->
  Forall (fun o => l <= o <= u) outputs -> sane_instance M 1 (uniform s l u 0 outputs).
Proof.
  intros prompt low capacity some all. rewrite Forall_forall in all. constructor; [lia|lia| | |].
  - apply Forall_forall. intros r here.
    apply in_uniform in here as (same & is & same_l & same_u & zero & _). specialize (all _ is).
    constructor; rewrite ?same, ?same_l, ?same_u, ?zero; try lia.
    + intros v known. injection known as <-. lia.
    + unfold occ. rewrite Z.div_1_r. lia.
  - apply uniform_ids.
  - rewrite (map_ext_in rank_of id); [apply uniform_ids|]. intros r here.
    apply in_uniform in here. tauto.
Qed.

(* The search finds the starts of every vector that is cheap enough. *)
Lemma search_finds M v todo slack : Forall (fun p => 1 <= prompt_len (fst p)) (v ++ todo) ->
  Forall (fun p => 0 <= snd p) todo -> (forall t, load 1 (v ++ todo) t <= M) ->
  sum snd todo <= slack -> some_starts M v (map fst todo) slack = true.
Proof.
  revert v slack. induction todo as [|[r t] todo IH]; intros v slack prompts late fit cheap.
  - cbn in *. destruct (Z.ltb_spec slack 0); [lia|reflexivity].
  - apply Forall_cons_iff in late as [late_t late]. cbn [map fst snd sum some_starts] in *.
    assert (0 <= sum snd todo)
      by (apply sum_nonneg; intros p here; rewrite Forall_forall in late; auto).
    destruct (Z.ltb_spec slack 0); [lia|].
    assert (order : Permutation (v ++ (r, t) :: todo) (((r, t) :: v) ++ todo))
      by (symmetry; apply Permutation_middle).
    assert (nonneg : forall k, 0 <= load 1 todo k).
    { intros k. apply sum_nonneg. intros p here. unfold occ_of.
      destruct (_ && _) eqn:runs; [|lia]. apply andb_prop in runs as [begun _].
      apply Z.leb_le in begun. rewrite Forall_forall in prompts.
      specialize (prompts p ltac:(rewrite in_app_iff; cbn; auto)). unfold occ. rewrite Z.div_1_r.
      lia. }
    assert (fit' : forall k, load 1 (((r, t) :: v) ++ todo) k <= M)
      by (intros k; unfold load; rewrite <- (sum_perm _ _ _ order); apply fit).
    apply existsb_exists. exists t. split; [apply in_below_n; lia|]. apply andb_true_intro. split.
    + apply forallb_forall. intros k _. apply Z.leb_le. specialize (fit' (t + k)).
      specialize (nonneg (t + k)). unfold load in *. rewrite sum_app in fit'. lia.
    + apply IH; auto; [|lia]. eapply Permutation_Forall; [exact order|exact prompts].
Qed.

(* A ratio that was computed bounds what Amin costs, against every valid schedule. *)
Lemma ratio_computed p q M s l u outputs made best : 1 <= p -> 
  sane_instance M 1 (uniform s l u 0 outputs) ->
  within_ratio p q M (uniform s l u 0 outputs) = true ->
  amin_schedule M 1 (uniform s l u 0 outputs) made -> valid M 1 (uniform s l u 0 outputs) best ->
  q * total_latency made <= p * total_latency best.
Proof.
  intros some instance is_within is V. set (requests := uniform s l u 0 outputs) in *.
  unfold within_ratio in is_within. destruct (simulate (amin M 1) 100 requests) as [made'|]
    eqn:run;
    [|discriminate].
  assert (same : total_latency made = total_latency made').
  { unfold total_latency. apply sum_perm, filter_perm.
    apply (schedule_unique M 1 requests instance made made' is).
    apply (schedules_are_simulated M 1 requests instance). eauto. }
  rewrite same. apply negb_true_iff in is_within. apply Z.nlt_ge. intros cheaper.
  destruct (vector_in_order M 1 ltac:(lia) requests best instance V) as (v & order & [all late
    fit] & cost).
  enough (found : some_starts M [] requests
    ((q * total_latency made' - 1) / p - sum output_len requests) = true) by congruence.
  rewrite <- order. apply search_finds; [| |exact fit|].
  - apply Forall_forall. intros x here. now apply all.
  - apply Forall_forall. intros x here. specialize (late x here). destruct (all x here). lia.
  - assert (parts : total_latency best = sum snd v + sum output_len (map fst v)).
    { rewrite <- cost, sum_map, <- sum_plus. apply sum_ext. intros x here.
      assert (is_known : In (fst x) requests) by (rewrite <- order; now apply in_map).
      apply in_uniform in is_known as (_ & _ & _ & _ & -> & _). lia. }
    rewrite parts in cheaper. 
    assert (sum snd v + sum output_len (map fst v) <= (q * total_latency made' - 1) / p)
      by (apply Z.div_le_lower_bound; lia). lia.
Qed.

(* What a computation over all instances says of one of them. *)
Lemma one_of_all p q longest prompts n s l u M outputs : all_within p q longest prompts n = true ->
  1 <= s <= prompts -> 1 <= l <= u -> u <= longest -> s + u <= M <= Z.of_nat n * (s + u) ->
  (length outputs <= n)%nat -> Forall (fun o => l <= o <= u) outputs ->
  within_ratio p q M (uniform s l u 0 outputs) = true.
Proof.
  intros every prompt interval most capacity few all. unfold all_within in every.
  rewrite forallb_forall in every. specialize (every u (in_range 1 longest u ltac:(lia))).
  rewrite forallb_forall in every. specialize (every l (in_range 1 u l ltac:(lia))).
  rewrite forallb_forall in every. specialize (every s (in_range 1 prompts s ltac:(lia))).
  rewrite forallb_forall in every. specialize (every M (in_range _ _ M capacity)).
  rewrite forallb_forall in every. specialize (every (length outputs)).
  rewrite in_seq, forallb_forall in every. apply every; [lia|]. now apply in_all_outputs.
Qed.

(* With at most four requests, u <= 3 and s <= 2, Amin costs at most 17 / 9 of any valid schedule:
   by computation. *)
Lemma computed : all_within 17 9 3 2 4 = true.
Proof. vm_compute. reflexivity. Qed.

(* The same in words. *)
Theorem small_ratio s l u M outputs made best : 1 <= s <= 2 -> 1 <= l <= u -> u <= 3 ->
  s + u <= M <= 4 * (s + u) -> (length outputs <= 4)%nat -> Forall (fun o => l <= o <= u) outputs
    ->
  amin_schedule M 1 (uniform s l u 0 outputs) made -> valid M 1 (uniform s l u 0 outputs) best ->
  9 * total_latency made <= 17 * total_latency best.
Proof.
  intros prompt interval most capacity few all is V.
  assert (instance : sane_instance M 1 (uniform s l u 0 outputs))
    by (apply uniform_sane; auto; lia).
  exact (ratio_computed 17 9 M s l u outputs made best ltac:(lia) instance
    (one_of_all 17 9 3 2 4 s l u M outputs computed prompt interval most capacity few all) is V).
Qed.
