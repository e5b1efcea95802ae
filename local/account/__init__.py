"""`make deploy`: asks, checks, compiles, deploys to an AWS account, fills the stack's secrets. `make secrets` is the last part.

In this order, so that whatever can fail quickly does so before the functions are compiled, and nothing is ever half done: the
answers are written at once after the last one, and AWS is changed by one CloudFormation deploy.
"""
