// What a person does outside of the console, for each failure that needs it (docs/failures.md names these titles). `{stack}` is the
// stack's name. Commands run in a clone of the repository, or with the AWS CLI, by someone with the rights of an operator.

export interface Runbook {
  title: string;
  when: string;
  steps: string[];
  commands?: string[];
  links?: [label: string, address: string][];
}

const STRIPE: [string, string] = ["Stripe’s dashboard", "https://dashboard.stripe.com/"];

export const RUNBOOKS: Runbook[] = [
  {
    title: "Settle it at the provider",
    when: "Money moved in a way that the order cannot record, or a refund’s webhook is lost.",
    steps: [
      "Find the payment at the provider by its intent, which is under Money on the order’s page and in the dead letter.",
      "Refund there what was taken too much. A refund of the recorded intent is reported by itself, and the order shows it.",
      "If a webhook is lost, resend it there: Developers → Events → Resend.",
      "Then discard the dead letter, with what you did as the reason.",
    ],
    links: [STRIPE],
  },
  {
    title: "Answer the bank",
    when: "A customer disputes a charge, or their bank inquires about one.",
    steps: [
      "The order’s page says until when the bank takes evidence, and has what you send: the delivery’s scan, the address, the messages.",
      "Send the evidence at the provider, or accept the dispute there. An inquiry also ends by a refund.",
      "The outcome is reported by itself, and the attention ends with it.",
    ],
    links: [["Disputes at Stripe", "https://dashboard.stripe.com/disputes"]],
  },
  {
    title: "Settle it with the sender",
    when: "A transfer or another system’s report does not fit its order, or money is owed that no call can refund.",
    steps: [
      "Read the dead letter or the order’s money: it names what was reported, and by whom.",
      "Pay back what is owed on the way it came, for example by a transfer. The sender reports it, and the order shows it.",
      "Then discard the dead letter, with what you did as the reason.",
    ],
  },
  {
    title: "Settle it with the carrier",
    when: "A parcel moves after its order ended, was not delivered, is silent, or its label cannot be voided.",
    steps: [
      "Ask the carrier with the tracking code of the order’s page where the parcel is, and why a void was refused.",
      "Record the result on the order’s page: Delivered, Returned, Void the label, or Settle the parcel if it moved after the order’s end.",
    ],
    links: [["EasyPost’s dashboard", "https://www.easypost.com/dashboard"]],
  },
  {
    title: "Set a key or a secret",
    when: "A provider refuses the stack’s key, a secret has no value, or one is to be rotated.",
    steps: [
      "The command asks for each secret and shows none. A call that was refused with 401 is repeated with the new key.",
      "A signing secret is rotated without a refused webhook: store [\"whsec_new\", \"whsec_old\"], change it at the provider, then remove the old one.",
      "Do it within GiveUpAfterSeconds: then messages that wait are dead letters, and are requeued.",
    ],
    commands: ["make secrets STACK={stack}"],
    links: [["API keys at Stripe", "https://dashboard.stripe.com/apikeys"]],
  },
  {
    title: "Change a parameter",
    when: "A setting is wrong or missing: the sender of mail, a source of webhooks, calls at once, the collector of traces.",
    steps: [
      "Edit the parameter in samconfig.toml; docs/configuration.md has all of them.",
      "Deploy. A combination that cannot work is refused before anything changes.",
      "A sender of mail is verified in Amazon SES first.",
    ],
    commands: ["make deploy STACK={stack}"],
  },
  {
    title: "Deploy a fix",
    when: "The code does not understand a message, panics, or never ends on one.",
    steps: [
      "If it began with a deploy, deploy the build before it, and look for the reason afterwards.",
      "Else write the test that shows it, fix it, and deploy.",
      "Then requeue the dead letters: Dead letters → the function → Requeue.",
    ],
    commands: ["make deploy STACK={stack}"],
  },
  {
    title: "Make a function run again",
    when: "A function crashes, times out, is throttled, may not do what it needs, or its event source does not read.",
    steps: [
      "Health names queues and streams that wait. The log says why; a start that fails names the variable that is wrong.",
      "Enable an event source that is disabled. Restore a role by a deploy.",
      "What waited goes on by itself. What was given up is a dead letter: requeue it.",
    ],
    commands: [
      "aws logs tail /aws/lambda/{stack}-<service> --since 1h --filter-pattern '\"<function>\" ERROR'",
      "aws lambda list-event-source-mappings --function-name {stack}-<function>",
      "aws lambda update-event-source-mapping --enabled --uuid <UUID>",
    ],
  },
  {
    title: "Stop a flood",
    when: "Someone calls a route without sign-in so often that the limits of the route refuse others.",
    steps: ["Put CloudFront with a firewall (AWS WAF) before the API if it lasts: docs/deploy.md. Lower OpenRouteRate meanwhile."],
    commands: ["make deploy STACK={stack}"],
  },
  {
    title: "Restore from a backup",
    when: "Items of a table are gone, or were overwritten by hand.",
    steps: [
      "Stop the function that deletes or overwrites; its messages wait.",
      "Restore the table into a new one, to the last moment at which all was well, and wait for it.",
      "Plan, then copy back the kinds that are lost. What the table has is never overwritten.",
      "Close the gap since that moment, write the views again, send the erasures again, delete the restored table.",
    ],
    commands: [
      "aws lambda put-function-concurrency --function-name {stack}-<function> --reserved-concurrent-executions 0",
      "aws dynamodb restore-table-to-point-in-time --source-table-name <table> --target-table-name {stack}-restored --restore-date-time <time>",
      "make restore TABLE=orders FROM={stack}-restored STACK={stack}",
      "make restore TABLE=orders FROM={stack}-restored STACK={stack} DO=copy KINDS='order# event#'",
    ],
  },
  {
    title: "Send the erasures again",
    when: "A table was restored to a moment before a customer’s data was erased.",
    steps: [
      "Send the erasures of the last 35 days to each service. What is erased already stays as it is.",
      "First the plan, then the same with DO=send, for TO=take-payment, ship-order, notify-customer and plan-deliveries.",
    ],
    commands: ["make replay SERVICE=orders TO=take-payment TYPE=CustomerErasureRequested SINCE=<time> DO=plan STACK={stack}"],
  },
];
