"""Who may ask what: keys, the policy of a site, the gate on what is asked."""
