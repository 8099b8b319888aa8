from __future__ import annotations

import strawberry

from schema import (
    api_token,
    block,
    claiming,
    conversation,
    delete_account,
    email,
    feed,
    follow,
    invitation,
    moderation,
    password,
    profile,
    session,
    unlink_identity,
    update_account,
)


@strawberry.type(
    description="What can be done. Refusals that a client must expect are `userErrors` in the payload, and nothing "
    "else is in it then; not being signed in is an error with the code UNAUTHENTICATED."
)
class Mutation:
    sign_up = session.sign_up
    sign_in = session.sign_in
    sign_out = session.sign_out
    revoke_session = session.revoke_session
    verify_email = email.verify_email
    request_email_verification = email.request_email_verification
    change_email = email.change_email
    request_password_reset = password.request_password_reset
    reset_password = password.reset_password
    change_password = password.change_password
    update_account = update_account.update_account
    unlink_identity = unlink_identity.unlink_identity
    unfollow = follow.unfollow  # before the next line, which hides the module
    follow = follow.follow
    claim_researcher = claiming.claim_researcher
    confirm_claim = claiming.confirm_claim
    withdraw_claim = claiming.withdraw_claim
    contest_claim = claiming.contest_claim
    decide_claim = claiming.decide_claim
    invite_to_collaborate = invitation.invite_to_collaborate
    respond_to_invitation = invitation.respond_to_invitation
    withdraw_invitation = invitation.withdraw_invitation
    send_message = conversation.send_message
    edit_message = conversation.edit_message
    mark_conversation_read = conversation.mark_conversation_read
    archive_conversation = conversation.archive_conversation
    leave_conversation = conversation.leave_conversation
    block_account = block.block_account
    unblock_account = block.unblock_account
    report_abuse = block.report_abuse
    decide_report = block.decide_report
    mark_notifications_read = feed.mark_notifications_read
    update_profile = profile.update_profile
    disown_work = profile.disown_work
    reclaim_work = profile.reclaim_work
    suppress_profile = profile.suppress_profile
    restore_profile = profile.restore_profile
    suspend_account = moderation.suspend_account
    reinstate_account = moderation.reinstate_account
    delete_account = delete_account.delete_account
    create_api_token = api_token.create_api_token
    revoke_api_token = api_token.revoke_api_token
