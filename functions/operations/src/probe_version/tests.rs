//! A deploy goes on only if every version that it names has answered the probe as this deploy's.

use super::*;
use std::sync::Mutex;

/// A deploy `d-1` that moves callers to version 7 of two functions, which answer as given.
struct World {
    answers: Vec<(&'static str, Result<Value, &'static str>)>,
    asked: Mutex<Vec<(DeployTarget, String)>>,
    verdicts: Mutex<Vec<(String, String, bool)>>,
}

#[async_trait]
impl Deploys for World {
    async fn targets(&self, deploy: &str) -> Result<Vec<DeployTarget>, DeployError> {
        if deploy != "d-1" {
            return Err(DeployError(format!("no deploy {deploy}")));
        }
        let version = |(name, _): &(&str, _)| DeployTarget {
            function: format!("shop-{name}"),
            version: "7".to_owned(),
        };
        Ok(self.answers.iter().map(version).collect())
    }

    async fn conclude(&self, deploy: &str, hook: &str, accepts: bool) -> Result<(), DeployError> {
        self.verdicts.lock().unwrap().push((deploy.to_owned(), hook.to_owned(), accepts));
        Ok(())
    }
}

#[async_trait]
impl Versions for World {
    async fn ask(&self, target: &DeployTarget, payload: &str) -> Result<String, DeployError> {
        self.asked.lock().unwrap().push((target.clone(), payload.to_owned()));
        let (_, answer) =
            self.answers.iter().find(|(name, _)| format!("shop-{name}") == target.function).unwrap();
        answer.as_ref().map(Value::to_string).map_err(|reason| DeployError((*reason).to_owned()))
    }
}

fn report(function: &str, deploy: &str) -> Value {
    json!({"function": function, "build": "0123456789ab", "deploy": deploy, "secrets": {"shop/stripe-api-key": true}})
}

async fn probed(
    answers: Vec<(&'static str, Result<Value, &'static str>)>,
    input: Value,
) -> (Result<Value, Failure>, Arc<World>) {
    let world = Arc::new(World { answers, asked: Mutex::default(), verdicts: Mutex::default() });
    let (stack, deploy) = ("shop".to_owned(), "now".to_owned());
    let step = ProbeVersion { deploys: world.clone(), versions: world.clone(), stack, deploy };
    (runtime::command::work(&step, input).await, world)
}

fn hook() -> Value {
    json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"})
}

fn verdicts(world: &World) -> Vec<(String, String, bool)> {
    world.verdicts.lock().unwrap().clone()
}

#[tokio::test]
async fn a_deploy_goes_on_once_every_new_version_answers_the_probe() {
    let answers = vec![
        ("take-payment", Ok(report("take-payment", "now"))),
        ("place-order", Ok(report("place-order", "now"))),
    ];
    let (done, world) = probed(answers, hook()).await;
    assert_eq!(done.unwrap()["accepted"][1]["function"], "place-order");
    assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), true)]);
    let asked = world.asked.lock().unwrap();
    assert!(asked.iter().all(|(target, payload)| target.version == "7" && payload == PROBE), "{asked:?}");
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_version_that_fails_its_probe_stops_the_deploy() {
    let wrong: [(Result<Value, &'static str>, &str); 4] = [
        (Err("Runtime exited with error: exit status 1"), "exit status 1"),
        (Ok(json!({"statusCode": 400, "body": ""})), "does not know probes"),
        (Ok(report("ship-order", "now")), "runs the program of ship-order"),
        (Ok(report("take-payment", "before")), "has the settings of the deploy before, not of now"),
    ];
    for (answer, reason) in wrong {
        let (done, world) = probed(vec![("take-payment", answer)], hook()).await;
        let done = done.unwrap();
        assert!(done["refused"].as_str().is_some_and(|refused| refused.contains(reason)), "{done}");
        assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), false)]);
    }
}

#[tokio::test]
async fn a_deploy_without_a_version_or_that_cannot_be_read_is_stopped() {
    let (_, world) = probed(vec![], hook()).await;
    assert_eq!(verdicts(&world), [("d-1".to_owned(), "h-1".to_owned(), false)]);
    let unknown = json!({"DeploymentId": "d-2", "LifecycleEventHookExecutionId": "h-2"});
    let (done, world) = probed(vec![], unknown).await;
    assert_eq!(done.unwrap(), json!({"refused": "no deploy d-2"}));
    assert_eq!(verdicts(&world), [("d-2".to_owned(), "h-2".to_owned(), false)]);
}

#[tokio::test]
async fn an_operator_probes_what_callers_reach_and_concludes_nothing() {
    let answers = vec![("take-payment", Ok(report("take-payment", "now")))];
    let (done, world) = probed(answers, json!({"function": "take-payment"})).await;
    assert_eq!(done.unwrap(), report("take-payment", "now"));
    assert_eq!(world.asked.lock().unwrap()[0].0.version, "live");
    assert_eq!(verdicts(&world), []);
    let (refused, _) = probed(vec![], json!({})).await;
    assert!(refused.unwrap_err().reason().contains("nothing is asked"));
}
