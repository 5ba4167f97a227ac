from django.urls import path

from billing import api
from billing.pages import papers, subscription, webhooks

api_urls = [
    path(
        "subscriptions",
        api.Subscriptions.as_view({"get": "list"}),
        name="api_subscriptions",
    ),
    path(
        "subscriptions/<uuid:pk>",
        api.Subscriptions.as_view({"get": "retrieve"}),
        name="api_subscription",
    ),
    path("invoices", api.Invoices.as_view({"get": "list"}), name="api_invoices"),
    path(
        "invoices/<uuid:pk>",
        api.Invoices.as_view({"get": "retrieve"}),
        name="api_invoice",
    ),
    path(
        "credit-notes",
        api.CreditNotes.as_view({"get": "list"}),
        name="api_credit_notes",
    ),
    path(
        "credit-notes/<uuid:pk>",
        api.CreditNotes.as_view({"get": "retrieve"}),
        name="api_credit_note",
    ),
]

page_urls = [
    path("webhooks/stripe/", webhooks.stripe, name="webhook_stripe"),
    path("subscription/", subscription.subscription, name="subscription"),
    path("subscription/buy/", subscription.buy, name="subscription_buy"),
    path("subscription/paid/", subscription.paid, name="subscription_paid"),
    path(
        "subscription/invoices/<uuid:pk>/",
        papers.invoice,
        name="invoice_download",
    ),
    path(
        "subscription/credit-notes/<uuid:pk>/",
        papers.credit_note,
        name="credit_note_download",
    ),
    path(
        "subscription/<uuid:pk>/cycle/",
        subscription.cycle,
        name="subscription_cycle",
    ),
    path(
        "subscription/<uuid:pk>/cycle-later/",
        subscription.cycle_later,
        name="subscription_cycle_later",
    ),
    path(
        "subscription/<uuid:pk>/upgrade/",
        subscription.upgrade,
        name="subscription_upgrade",
    ),
    path(
        "subscription/<uuid:pk>/downgrade/",
        subscription.downgrade,
        name="subscription_downgrade",
    ),
    path(
        "subscription/<uuid:pk>/keep/",
        subscription.keep_plan,
        name="subscription_keep_plan",
    ),
    path(
        "subscription/<uuid:pk>/cancel/",
        subscription.cancel,
        name="subscription_cancel",
    ),
    path("subscription/<uuid:pk>/undo/", subscription.undo, name="subscription_undo"),
    path(
        "subscription/<uuid:pk>/portal/",
        subscription.portal,
        name="subscription_portal",
    ),
]
