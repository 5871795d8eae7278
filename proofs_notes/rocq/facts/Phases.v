(* A round of doubling budgets once all requests have arrived: what its parts are. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Doubling.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps.
Import ListNotations.
Open Scope Z_scope.

(* The parts of a round from s to s' in a phase of budget b. *)
Record phase_parts (M b : Z) (s s' : state) (used stay A L tried finished going : list (job
  request))
  : Prop := PhaseParts {
  clock : now s' = now s + 1;
  none_comes : coming s' = [];
  running_parts : Permutation (running s) (used ++ stay);
  waiting_parts : Permutation (waiting s) (A ++ L ++ tried);
  used_all : Forall (fun j => generated j = assumed j) used;
  stay_not : Forall (fun j => generated j <> assumed j) stay;
  untried_now : Forall (fun j => assumed j = b) (A ++ L);
  tried_now : Forall (fun j => assumed j <> b) tried;
  tried_fit : never_exceeds M 1 (stay ++ A);
  next_does_not : forall w l, L = w :: l -> ~ never_exceeds M 1 (stay ++ A ++ [w]);
  token_for_each : Permutation (map one_more (stay ++ A)) (finished ++ going);
  finished_have_all : Forall (fun j => generated j = output_len (tag j)) finished;
  going_have_not : Forall (fun j => generated j <> output_len (tag j)) going;
  running_after : running s' = going;
  waiting_after : Permutation (waiting s') (map thrown_back (map (raised M 1) used) ++ L ++ tried);
  log_after : log s' = map (run_until (now s + 1) true) finished
    ++ map (run_until (now s) false) (map (raised M 1) used) ++ log s }.

(* Job j still has a token to generate within its budget. *)
Definition within (j : job request) : bool := negb (used_up j).

(* Those that have not used up their budgets, in both wordings. *)
Lemma stay_within (l used stay : list (job request)) : partition used_up l = (used, stay) ->
  filter within l = stay.
Proof.
  revert used stay. induction l as [|j l IH]; cbn; intros used stay step;
    [now injection step as <- <-|].
  destruct (partition used_up l) as [u v] eqn:rest. specialize (IH u v eq_refl).
  unfold within at 1.
  destruct (used_up j); injection step as <- <-; cbn; [exact IH|now rewrite IH].
Qed.

(* The program's round has these parts, if what stays fits as planned. *)
Lemma round_has_parts M l earlier b s : coming s = [] -> budget_now (running s ++ waiting s) = b ->
  never_exceeds M 1 (filter within (running s)) ->
  exists used stay A L tried finished going,
    phase_parts M b s (round (doubling M 1 l earlier) s) used stay A L tried finished going.
Proof.
  intros none budget fit. unfold round. rewrite none.
  cbn [partition map insert_all fold_right before doubling steps]. unfold doubling_steps.
  rewrite budget. destruct (partition used_up (running s)) as [used stay] eqn:step_3.
  destruct (partition (fun j => assumed j =? b) (waiting s)) as [now_ tried] eqn:step_0.
  destruct (admit M 1 stay now_) as [R' L] eqn:step_4.
  destruct (partition has_all (map generate R')) as [finished going] eqn:step_5.
  rewrite (stay_within _ _ _ step_3) in fit.
  destruct (admit_spec M 1 ltac:(lia) _ _ _ _ fit step_4) as (A & -> & same & fit' & stop).
  apply partition_spec in step_3 as (all_R & used_yes & used_no).
  apply partition_spec in step_0 as (all_W & now_yes & now_no).
  apply partition_spec in step_5 as (all_T & done & undone).
  exists used, stay, A, L, tried, finished, going.
  constructor; cbn [now running waiting coming log]; auto; try (apply Forall_forall;
    intros j here).
  - now rewrite all_W, <- app_assoc.
  - now apply Z.eqb_eq, used_yes.
  - now apply Z.eqb_neq, used_no.
  - now apply Z.eqb_eq, now_yes.
  - now apply Z.eqb_neq, now_no.
  - rewrite <- all_T. symmetry. now apply Permutation_map.
  - now apply Z.eqb_eq, done.
  - now apply Z.eqb_neq, undone.
  - apply insert_all_perm.
Qed.
