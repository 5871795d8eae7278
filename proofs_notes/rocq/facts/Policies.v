(* A round of any policy as the program makes it, and what the steps of Amax, H-SF, SVF and FCFS do
   to lists: a prefix of the running list is evicted, a prefix of the queue is admitted. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps.
Import ListNotations.
Open Scope Z_scope.

Section AnyPolicy.
Variable p : policy.

(* The requests that arrive in the round of s, and those that come later. *)
Definition arriving (s : state) : list request := filter (fun r => arrival r <=? now s) (coming s).
Definition coming_later (s : state) : list request :=
  filter (fun r => negb (arrival r <=? now s)) (coming s).

(* The queue in step 4 of the round of s. *)
Definition queue_of (s : state) : list (job request) :=
  insert_all (before p) (map (new_job p) (arriving s)) (waiting s).

(* What the policy decides in the round of s: those that it evicts, that run, and that wait on. *)
Definition decided_by (s : state) : list (job request) * list (job request) * list (job request) :=
  steps p (running s) (queue_of s).

(* Job j still has tokens to generate. *)
Definition unfinished (j : job request) : bool := negb (has_all j).

(* `partition` makes two filters. *)
Lemma partition_filters {A} (q : A -> bool) l :
  partition q l = (filter q l, filter (fun x => negb (q x)) l).
Proof.
  induction l as [|x l IH]; cbn [partition filter]; [reflexivity|]. rewrite IH. now destruct (q x).
Qed.

(* Steps 1 to 5 in one equation. *)
Lemma round_of s E R L : decided_by s = (E, R, L) ->
  round p s = State (now s + 1) (filter unfinished (map one_more R))
    (insert_all (before p) (map thrown_back E) L) (coming_later s)
    (map (run_until (now s + 1) true) (filter has_all (map one_more R)) ++
     map (run_until (now s) false) E ++ log s).
Proof.
  intros decided. unfold round. rewrite !partition_filters.
  unfold decided_by, queue_of, arriving in decided. rewrite decided, partition_filters. reflexivity.
Qed.

(* The queue holds those that wait and those that arrive. *)
Lemma queue_of_perm s : Permutation (queue_of s) (waiting s ++ map (new_job p) (arriving s)).
Proof. unfold queue_of. rewrite insert_all_perm. apply Permutation_app_comm. Qed.

(* Those that arrive and those that come later are all that come. *)
Lemma coming_perm s : Permutation (coming s) (arriving s ++ coming_later s).
Proof.
  apply (partition_spec (fun r => arrival r <=? now s)). apply partition_filters.
Qed.

(* Insertion keeps an order that is total and transitive. *)
Lemma insert_keeps j l :
  (forall x y, before p x y = true \/ before p y x = true) ->
  (forall x y z, before p x y = true -> before p y z = true -> before p x z = true) ->
  StronglySorted (fun x y => before p x y = true) l ->
  StronglySorted (fun x y => before p x y = true) (insert (before p) j l).
Proof.
  intros total transitive. induction 1 as [|i l sorted IH first]; cbn [insert];
    [repeat constructor|]. destruct (before p j i) eqn:here.
  - constructor; [now constructor|]. constructor; [exact here|].
    eapply Forall_impl; [|exact first]. intros x. now apply transitive.
  - constructor; [exact IH|]. apply (forall_perm _ (j :: l)); [now rewrite insert_perm|].
    constructor; [|exact first]. destruct (total j i); congruence.
Qed.

(* So does the insertion of many. *)
Lemma insert_all_keeps m l :
  (forall x y, before p x y = true \/ before p y x = true) ->
  (forall x y z, before p x y = true -> before p y z = true -> before p x z = true) ->
  StronglySorted (fun x y => before p x y = true) l ->
  StronglySorted (fun x y => before p x y = true) (insert_all (before p) m l).
Proof.
  intros total transitive sorted. induction m as [|j m IH]; [exact sorted|].
  now apply insert_keeps.
Qed.
End AnyPolicy.

(* The order by a number is total and transitive. *)
Lemma by_number_order f : (forall x y, by_number f x y = true \/ by_number f y x = true) /\
  (forall x y z, by_number f x y = true -> by_number f y z = true -> by_number f x z = true).
Proof.
  assert (spec : forall x y, by_number f x y = true <->
    f (tag x) < f (tag y) \/ (f (tag x) = f (tag y) /\ rank x <= rank y)).
  { intros x y. unfold by_number. cbv zeta.
    now rewrite orb_true_iff, andb_true_iff, Z.ltb_lt, Z.eqb_eq, Z.leb_le. }
  split; intros *; rewrite !spec; lia.
Qed.

(* So is the order of section 3. *)
Lemma precedes_order : (forall x y : job request, precedes x y = true \/ precedes y x = true) /\
  (forall x y z : job request, precedes x y = true -> precedes y z = true -> precedes x z = true).
Proof. split; intros *; rewrite !precedes_spec; lia. Qed.

(* A list that is in order is what its insertion gives. *)
Lemma insert_all_in_place (l : list (job request)) : in_order l -> insert_all precedes l [] = l.
Proof.
  induction 1 as [|j l _ IH first]; [reflexivity|]. unfold insert_all in *. cbn [fold_right].
  rewrite IH. destruct first as [|i l first _]; [reflexivity|]. cbn [insert]. now rewrite first.
Qed.

Section Steps.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Implicit Types (R W E S A L : list (job request)).

(* Step 4 puts what it admits in front of what runs. *)
Lemma admit_in_front W R R' L : admit M B R W = (R', L) ->
  exists A, W = A ++ L /\ R' = rev A ++ R.
Proof.
  revert R. induction W as [|w W IH]; cbn [admit]; intros R step.
  - injection step as <- <-. now exists [].
  - destruct (fits M B R w); [|injection step as <- <-; now exists []].
    destruct (IH _ step) as (A & -> & ->). exists (w :: A). cbn [rev app].
    now rewrite <- app_assoc.
Qed.

(* Step 4, if what runs fits as planned. *)
Lemma reserving_decides R W E R' L : never_exceeds M B R ->
  reserving_steps M B R W = (E, R', L) -> exists A, E = [] /\ R' = rev A ++ R /\ W = A ++ L /\
    never_exceeds M B R' /\ forall w l, L = w :: l -> ~ never_exceeds M B (R ++ A ++ [w]).
Proof.
  intros fit. unfold reserving_steps. destruct (admit M B R W) as [R0 L0] eqn:step.
  injection 1 as <- <- <-. destruct (admit_in_front _ _ _ _ step) as (A & shape & ->).
  destruct (admit_spec M B some_block _ _ _ _ fit step) as (A' & shape' & same & fit' & stop).
  rewrite shape in shape'. apply app_inv_tail in shape' as <-.
  exists A. repeat split; auto. intros k later. rewrite (as_assumed_perm B k _ _ same).
  exact (fit' k later).
Qed.

(* The plan of jobs that are assumed to generate one more token is their next tokens. *)
Lemma one_token_plan R : Forall (fun j => more_tokens j = 1) R -> 0 <= M ->
  (never_exceeds M B R <-> next_tokens B R <= M).
Proof.
  intros one capacity. rewrite next_tokens_now. split; [intros fit; apply fit; lia|].
  intros fit k later. destruct (Z.eq_dec k 0) as [->|not_now]; [exact fit|].
  unfold as_assumed. rewrite filter_none; [exact capacity|]. rewrite Forall_forall in one.
  intros j here. rewrite (one j here). apply Z.ltb_ge. lia.
Qed.

(* FCFS: the shortest prefix of the running list is evicted, and step 4 follows if it is empty. *)
Lemma fcfs_decides R W E R' L : 0 <= M -> Forall (fun j => more_tokens j = 1) R ->
  fcfs_steps M B R W = (E, R', L) -> exists S A, R = E ++ S /\ R' = rev A ++ S /\ W = A ++ L /\
    next_tokens B S <= M /\
    (forall a x b, E = a ++ x :: b -> M < next_tokens B (x :: b ++ S)) /\
    (E <> [] -> A = []) /\
    (E = [] -> never_exceeds M B R' /\ forall w l, L = w :: l ->
      ~ never_exceeds M B (R ++ A ++ [w])).
Proof.
  intros capacity one. unfold fcfs_steps. destruct (evict M B R) as [E0 S] eqn:step_3.
  destruct (evict_spec M B some_block _ _ _ capacity step_3) as (-> & fit & needed).
  destruct E0 as [|x E0].
  - cbn [app] in *. intros step_4. apply (one_token_plan S one capacity) in fit as planned.
    destruct (reserving_decides _ _ _ _ _ planned step_4) as (A & -> & -> & -> & all & stop).
    exists S, A. now repeat split.
  - injection 1 as <- <- <-. exists S, []. now repeat split.
Qed.
End Steps.
